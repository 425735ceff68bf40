import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AccountRun, DONE } from '../../../src/domain/counting/accountRun.js';
import { AccountState } from '../../../src/domain/counting/accountState.js';
import { AccountChanges } from '../../../src/domain/counting/changes.js';
import { countEvent } from '../../../src/domain/counting/count.js';
import { missingOf, sumsOfRun } from '../../../src/domain/counting/needsOfRun.js';
import { SeenIds } from '../../../src/domain/counting/seenIds.js';
import { monthOf } from '../../../src/domain/counting/usageWindow.js';
import { columnsOf } from '../../../src/domain/counting/usageColumns.js';
import type { AccountEvent, UsageEvent } from '../../../src/domain/events.js';
import { takeAccountEvent } from '../../../src/domain/judging/accountEvents.js';
import type { Context } from '../../../src/domain/judging/context.js';
import { emptyLedger } from '../../../src/domain/judging/ledger.js';
import { followPolicy } from '../../../src/domain/judging/policyChange.js';
import type { Policy } from '../../../src/domain/policy/policy.js';
import { eventId } from '../../../src/support/eventId.js';
import { smallPolicy } from '../../support/engineLog.js';
import { logOf } from '../../support/happenedLog.js';
import { happenings, hotHappenings, type Happening } from '../../support/happenings.js';
import { decodedOf } from '../../support/memoryEngine.js';

const SEED = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };
const RUNS = Number(process.env['FC_RUNS'] ?? 60);
const LIMIT = { interruptAfterTimeLimit: 60_000 };
const EVERYTHING = { start: -8e15, end: 8e15 };

interface Batch {
  readonly accountEvents: AccountEvent[];
  readonly usage: UsageEvent[];
}

/** One account as a processor has it, counted one way or the other. */
class Account {
  readonly state = new AccountState('a', 0);
  readonly changes = new AccountChanges();

  constructor(private readonly policy: Policy) {
    this.state.ledger = emptyLedger(EVERYTHING.start);
    for (const metric of ['chats', 'sessions', 'tickets', 'upload_bytes'] as const) {
      this.state.bucketsOf(metric).markLoaded(EVERYTHING);
    }
    this.state.windows.loadedFrom = EVERYTHING.start;
  }

  take({ accountEvents, usage }: Batch, count: (context: Context) => void): void {
    const { state, changes } = this;
    const arrivals = [...accountEvents, ...usage].map(({ arrivedAt }) => arrivedAt);
    const context = { policy: this.policy, now: Math.max(...arrivals), id: eventId };
    for (const event of accountEvents) takeAccountEvent(state, changes, event, context);
    if (state.account === null || usage.length === 0) return;
    for (const month of usage.map((event) => monthOf(event.occurredAt))) {
      if (!state.seen.has(month)) state.seen.set(month, new SeenIds(0));
    }
    count(context);
  }

  oneByOne(batch: Batch): void {
    const { state, changes } = this;
    this.take(batch, (context) => {
      for (const event of batch.usage) {
        followPolicy(state, changes, event.arrivedAt, context);
        countEvent(state, changes, event, context);
      }
    });
  }

  /** @param forget as if everything had just been read from the database, the ledger not yet */
  inOneRun(batch: Batch, forget: boolean): void {
    const { state, changes } = this;
    this.take(batch, (context) => {
      const { ledger } = state;
      if (forget) {
        state.ledger = null;
        state.standing = null;
        for (const row of state.windows.all) row.judgeFrom = 0;
      }
      const { columns, list } = columnsOf(batch.usage);
      const run = new AccountRun({ state, changes, context }, columns, list);
      expect(missingOf(run)).toBeNull();
      expect(sumsOfRun(run)).toBeNull();
      for (let from = run.count(); from !== DONE; from = run.count(from)) {
        expect(state.ledger).toBeNull();
        state.ledger = ledger;
      }
      state.ledger = ledger;
      // As when they are written: what comes a second time is left ready for the third.
      for (const bucket of changes.buckets) bucket.stored = true;
    });
  }

  /** Everything that is written or remembered. */
  result(): unknown {
    const { state, changes } = this;
    const rows = state.windows.all;
    const known = (row: (typeof rows)[number]) => ({ ...row, judgeFrom: 0 });
    const sorted = (lines: readonly unknown[]): string[] => lines.map((line) => JSON.stringify(line)).sort();
    return {
      rows: sorted(rows.map(known)),
      written: sorted([...changes.windows].map(known)),
      buckets: sorted(
        [...changes.buckets.values()].map(({ metric, periodStart, workspaceId }) => [
          metric,
          periodStart,
          workspaceId,
          ...[workspaceId, ''].map((scope) => {
            const slots = new Float64Array(96);
            return [state.bucketsOf(metric).addSlots(periodStart, scope, slots), ...slots];
          }),
        ]),
      ),
      seen: changes.seen.map((ids) => [ids.month, Buffer.from(ids.bytes).toString('hex')]).sort(),
      account: state.account,
      ledger: state.ledger,
      outgoing: changes.consequences.outgoing,
      violations: changes.consequences.violations,
      crossings: changes.consequences.crossings,
      overages: changes.consequences.overages,
      notices: changes.consequences.newNotices,
      measures: [...changes.consequences.measures],
    };
  }
}

/** The batches of each account of a log that is cut at these lengths. */
function batchesOf(happened: readonly Happening[], lengths: readonly number[]): Batch[][] {
  const batches = new Map<string, Batch[]>();
  const log = logOf(happened);
  for (let at = 0, n = 0; at < log.length; n += 1) {
    const entries = log.slice(at, at + (lengths[n % lengths.length] ?? 1));
    at += entries.length;
    const cut = new Map<string, Batch>();
    for (const entry of entries) {
      const decoded = decodedOf(entry);
      if (decoded === null) continue;
      const batch = cut.get(decoded.accountId) ?? { accountEvents: [], usage: [] };
      cut.set(decoded.accountId, batch);
      if ('snapshot' in decoded) batch.accountEvents.push(decoded);
      else batch.usage.push(decoded);
    }
    for (const [id, batch] of cut) batches.set(id, [...(batches.get(id) ?? []), batch]);
  }
  return [...batches.values()];
}

const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 200, max: 4_000 })), {
  minLength: 1,
  maxLength: 5,
});
const forgetting = fc.array(fc.boolean(), { minLength: 1, maxLength: 4 });

describe('counting a batch of an account in one run', () => {
  const compare = (
    happened: readonly Happening[],
    cuts: readonly number[],
    forget: readonly boolean[],
  ): void => {
    for (const batches of batchesOf(happened, cuts)) {
      const plain = new Account(smallPolicy());
      const fast = new Account(smallPolicy());
      batches.forEach((batch, n) => {
        plain.oneByOne(batch);
        fast.inOneRun(batch, forget[n % forget.length] === true);
      });
      expect(fast.result()).toEqual(plain.result());
    }
  };

  it('comes to what counting its events one by one does', () => {
    fc.assert(fc.property(happenings(25), lengths, forgetting, compare), {
      numRuns: RUNS,
      ...SEED,
      ...LIMIT,
    });
  }, 120_000);

  it('does so for an account that is near its hourly limit all day', () => {
    fc.assert(fc.property(hotHappenings(14), lengths, forgetting, compare), {
      numRuns: RUNS,
      ...SEED,
      ...LIMIT,
    });
  }, 120_000);
});
