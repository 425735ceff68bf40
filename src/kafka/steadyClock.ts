import { createRequire } from 'node:module';

/** The instants that kafkajs 2.2.4 keeps to measure by, and the class that keeps each. */
const KEPT = {
  // When a request was sent, to tell that its answer is late.
  'network/requestQueue/socketRequest': 'sentAt',
  // Until when the broker has asked for rest.
  'network/requestQueue': 'throttledUntil',
  // The last heartbeat.
  'consumer/consumerGroup': 'lastRequest',
  // The last commit of offsets.
  'consumer/offsetManager': 'lastCommit',
  // Until when what is known of the cluster is good.
  'cluster/brokerPool': 'metadataExpireAt',
} as const;

/**
 * kafkajs measures by the clock of the machine. When that is set back by hours, a member sends no heartbeat for as long,
 * loses its place in the group and does not notice, and requests without an answer are waited for; when it is set on, every
 * request under way is late. Here the instants it keeps move with the clock.
 */
export function measureByASteadyClock(): void {
  const require = createRequire(import.meta.url);
  for (const [part, instant] of Object.entries(KEPT)) {
    const { prototype } = require(`kafkajs/src/${part}`) as { prototype: object };
    keepSteady(prototype, instant);
  }
}

/** An instant (epoch ms) of an object is remembered as how long ago it is, or how far ahead, which no clock changes. */
export function keepSteady(prototype: object, name: string): void {
  const sinceStart = new WeakMap<object, number | null>();
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: object): number | null | undefined {
      const at = sinceStart.get(this);
      return typeof at === 'number' ? at + offset() : at;
    },
    set(this: object, value: number | null) {
      sinceStart.set(this, value === null ? null : value - offset());
    },
  });
}

/** What the clock of the machine says beyond the time since this process started (ms); changes when it is set. */
function offset(): number {
  return Date.now() - performance.now();
}
