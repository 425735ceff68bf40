import { replaceMethod } from '../../support/replaceMethod.js';

/** What a kafkajs 2.2.4 consumer group fetches by. */
interface ConsumerGroup {
  maxWaitTime: number;
  readonly subscriptionState: { paused(): readonly unknown[] };
  fetch(nodeId: string): Promise<unknown>;
}

// As long as the database cannot be reached, everything is paused: fifty looks a second are no load.
const WHILE_PAUSED_MS = 20;

/**
 * While partitions are paused, fetches wait briefly. kafkajs hears of a resume only when the fetch before it has ended: with
 * every partition paused that is a sleep as long as a fetch may wait, with some it is a fetch of the others, which may have
 * nothing to come. After a start both stood between the process and its first event: until the positions are read, and
 * until the accounts are.
 */
export function waitBrieflyWhilePaused(): void {
  const waits = new WeakMap<ConsumerGroup, number>();
  replaceMethod<ConsumerGroup, 'fetch'>(
    'consumer/consumerGroup',
    'fetch',
    (fetch) =>
      function (nodeId) {
        const longest = waits.get(this) ?? this.maxWaitTime;
        waits.set(this, longest);
        const isPaused = this.subscriptionState.paused().length > 0;
        this.maxWaitTime = isPaused ? Math.min(WHILE_PAUSED_MS, longest) : longest;
        return fetch.call(this, nodeId);
      },
  );
}
