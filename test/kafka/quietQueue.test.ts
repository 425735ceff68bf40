import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createRequire } from 'node:module';
import { quietRequestQueues } from '../../src/support/quietQueue.js';

interface Queue {
  push(request: unknown): void;
  fulfillRequest(response: unknown): void;
  maybeThrottle(ms: number): void;
  destroy(): void;
}

const require = createRequire(import.meta.url);
const RequestQueue = require('kafkajs/src/network/requestQueue') as new (of: unknown) => Queue;

describe('a connection to Kafka', () => {
  quietRequestQueues();
  let queue: Queue;
  let sent: number[];
  let delays: (number | undefined)[];

  beforeEach(() => {
    queue = new RequestQueue({ maxInFlightRequests: null, logger: { debug: () => undefined } });
    sent = [];
    delays = [];
    const start = globalThis.setTimeout;
    jest.spyOn(globalThis, 'setTimeout').mockImplementation((run: () => void, delay?: number) => {
      delays.push(delay);
      return start(run, delay);
    });
  });
  afterEach(() => {
    queue.destroy();
    jest.restoreAllMocks();
  });

  const push = (correlationId: number): void => {
    queue.push({
      entry: { correlationId, resolve: () => undefined },
      expectResponse: true,
      sendRequest: () => sent.push(correlationId),
    });
  };
  const answer = (correlationId: number): void => {
    queue.fulfillRequest({ correlationId, payload: Buffer.alloc(0), size: 0 });
  };

  it('that has nothing to send asks for no timer', () => {
    push(1);
    answer(1);
    expect(sent).toEqual([1]);
    expect(delays).toEqual([]);
  });

  it('whose broker has asked for rest looks again when that is over, and sends', async () => {
    queue.maybeThrottle(30);
    push(1);
    expect(sent).toEqual([]);
    while (sent.length === 0) await new Promise((resolve) => setImmediate(resolve));
    answer(1);
    expect(delays.length).toBeGreaterThan(0);
    expect(Math.min(...delays.map(Number))).toBeGreaterThan(0);
  });

  it('is not made quiet a second time', () => {
    const once = Object.getOwnPropertyDescriptor(RequestQueue.prototype, 'scheduleCheckPendingRequests');
    quietRequestQueues();
    expect(Object.getOwnPropertyDescriptor(RequestQueue.prototype, 'scheduleCheckPendingRequests')).toEqual(
      once,
    );
  });
});
