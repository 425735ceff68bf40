import { parentPort, workerData } from 'node:worker_threads';
import { keepCompiledCode } from '../../../support/compileCache.js';
import type { ReaderSettings } from './messages.js';

// Where the reading thread begins: started by readingThread.ts, which it talks to.
if (parentPort === null) throw new Error('this is no program of its own');
keepCompiledCode();
const { serveReader } = await import('./serveReader.js');
serveReader(parentPort, workerData as ReaderSettings);
