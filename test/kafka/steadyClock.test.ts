import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createRequire } from 'node:module';
import { measureByASteadyClock } from '../../src/kafka/steadyClock.js';

const HOUR_MS = 3_600_000;
const { now } = Date;

function setClock(hours: number): void {
  jest.spyOn(Date, 'now').mockImplementation(() => now() + hours * HOUR_MS);
}

interface Queue {
  readonly inflight: Map<number, unknown>;
  maybeThrottle(ms: number): void;
  canSendSocketRequestImmediately(): boolean;
}
interface Request {
  readonly sentAt: number | null;
  send(): void;
}

const require = createRequire(import.meta.url);
const part = (path: string): unknown => require(`kafkajs/src/${path}`);
const log = { debug: () => undefined, namespace: () => log };

describe('the Kafka client, when the clock of its machine is set', () => {
  measureByASteadyClock();
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each([-5, 3])('takes a request for as old as it is (%i hours)', (hours) => {
    const SocketRequest = part('network/requestQueue/socketRequest') as new (of: unknown) => Request;
    const request = new SocketRequest({ entry: { correlationId: 1 }, send: () => undefined });
    expect(request.sentAt).toBeNull();
    request.send();
    setClock(hours);
    const age = Date.now() - (request.sentAt ?? 0);
    expect(Math.abs(age)).toBeLessThan(HOUR_MS / 2);
  });

  it.each([-5, 3])('rests for as long as it was asked to (%i hours)', (hours) => {
    const RequestQueue = part('network/requestQueue') as new (of: unknown) => Queue;
    const queue = new RequestQueue({ maxInFlightRequests: null, logger: log });
    expect(queue.canSendSocketRequestImmediately()).toBe(true);
    queue.maybeThrottle(2 * HOUR_MS);
    setClock(hours);
    expect(queue.canSendSocketRequestImmediately()).toBe(false);
    jest.restoreAllMocks();
    const later = performance.now() + 2.1 * HOUR_MS;
    jest.spyOn(performance, 'now').mockReturnValue(later);
    setClock(2.1 + hours);
    expect(queue.canSendSocketRequestImmediately()).toBe(true);
  });

  it.each([-5, 3])('sends a heartbeat when one is due, and not before (%i hours)', async (hours) => {
    const ConsumerGroup = part('consumer/consumerGroup') as new (of: unknown) => {
      memberId: string;
      coordinator: unknown;
      heartbeat(of: { interval: number }): Promise<void>;
    };
    let beats = 0;
    const group = new ConsumerGroup({
      logger: log,
      retry: {},
      topics: [],
      instrumentationEmitter: { emit: () => undefined },
    });
    group.memberId = 'm';
    group.coordinator = { heartbeat: () => Promise.resolve((beats += 1)) };
    setClock(hours);
    await group.heartbeat({ interval: HOUR_MS });
    expect(beats).toBe(0);
    await group.heartbeat({ interval: 0 });
    expect(beats).toBe(1);
  });
});
