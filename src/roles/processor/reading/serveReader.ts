import type { MessagePort } from 'node:worker_threads';
import { createKafka } from '../../../kafka/client.js';
import { Registry } from '../../../kafka/registry.js';
import { createLog } from '../../../support/log.js';
import type { FromReader, ReaderSettings, ToReader } from './messages.js';
import { Reader } from './reader.js';

/** Has a reader act on what readingThread.ts sends through the port. */
export function serveReader(port: MessagePort, settings: ReaderSettings): void {
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
}
