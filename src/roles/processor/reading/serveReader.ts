import { parentPort, workerData } from 'node:worker_threads';
import { createKafka } from '../../../kafka/client.js';
import { Registry } from '../../../kafka/registry.js';
import { createLog } from '../../../support/log.js';
import type { FromReader, ReaderSettings, ToReader } from './messages.js';
import { Reader } from './reader.js';

// Where the reading thread begins: started by readingThread.ts, which it talks to.
const port = parentPort;
if (port === null) throw new Error('this is no program of its own');
const settings = workerData as ReaderSettings;
const log = createLog(settings.logLevel, 'processor');
const reader = new Reader(
  createKafka(settings.kafka, 'fair-use', log),
  new Registry(settings.registryUrl),
  settings,
  (message: FromReader) => {
    port.postMessage(message);
  },
);
port.on('message', (message: ToReader) => {
  reader.receive(message);
});
