import { AccountState } from '../../../src/domain/counting/accountState.js';
import { AccountChanges } from '../../../src/domain/counting/changes.js';
import { countEvent } from '../../../src/domain/counting/count.js';
import { SeenIds } from '../../../src/domain/counting/seenIds.js';
import { monthOf } from '../../../src/domain/counting/usageWindow.js';
import { takeAccountEvent } from '../../../src/domain/judging/accountEvents.js';
import type { Context } from '../../../src/domain/judging/context.js';
import { emptyLedger } from '../../../src/domain/judging/ledger.js';
import type { Metric } from '../../../src/domain/policy/policy.js';
import { idHash } from '../../../src/kafka/decode/countedId.js';
import { snapshotOf } from '../accounts/snapshots.js';

/** An account of which all is in memory, and what follows from its use of some metrics. */
export class OneAccount {
  readonly changes = new AccountChanges();
  private readonly state = new AccountState('a', 0);

  constructor(
    private readonly context: Context,
    metrics: readonly Metric[],
  ) {
    this.state.ledger = emptyLedger(-8e15);
    for (const metric of metrics) {
      this.state.bucketsOf(metric).markLoaded({ start: -8e15, end: 8e15 });
    }
    this.state.seen.set(monthOf(context.now), new SeenIds(0));
  }

  /** Its next snapshot names the plan; it arrives a moment before the use. */
  become(plan: string, revision = 1): void {
    const snapshot = snapshotOf({ plan, revision });
    const event = { accountId: 'a', snapshot, arrivedAt: this.context.now - 1 };
    takeAccountEvent(this.state, this.changes, event, this.context);
  }

  /** So many events of one kind, each of so much, now. */
  use(metric: Metric, workspaceId: string, times: number, amount = 1): void {
    const now = this.context.now;
    for (let n = 0; n < times; n += 1) {
      const eventId = `${metric} ${workspaceId} ${n}`;
      const hash = idHash(Buffer.from(eventId), metric);
      const event = { metric, eventId, accountId: 'a', workspaceId, idHash: hash, amount };
      countEvent(this.state, this.changes, { ...event, occurredAt: now, arrivedAt: now }, this.context);
    }
  }
}
