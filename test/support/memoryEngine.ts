import { AccountState } from '../../src/domain/counting/accountState.js';
import { figureOf, monthOf } from '../../src/domain/counting/usageWindow.js';
import { AccountChanges, type Outgoing } from '../../src/domain/counting/changes.js';
import { countEvent } from '../../src/domain/counting/count.js';
import { SeenIds } from '../../src/domain/counting/seenIds.js';
import type { AccountEvent, UsageEvent } from '../../src/domain/events.js';
import type { Context } from '../../src/domain/judging/context.js';
import { needsOfChange, takeAccountEvent } from '../../src/domain/judging/accountEvents.js';
import { followPolicy } from '../../src/domain/judging/policyChange.js';
import { emptyLedger } from '../../src/domain/judging/ledger.js';
import type { Policy } from '../../src/domain/policy/policy.js';
import { idHash } from '../../src/kafka/decode/countedId.js';
import { eventId } from '../../src/support/eventId.js';
import { grantAllowance, withdrawAllowance } from '../../src/domain/judging/allowances.js';
import type { AgreementEntry, LogEntry } from '../../src/simulation/truth/types.js';
import type { UsageRecord } from '../../src/simulation/records.js';
import { overageStep, sortedLines, type Consequences } from './consequences.js';
import type { Results } from './engineLog.js';
import { isRecord, type Entry } from './happenedLog.js';

const EVERYTHING = { start: -8e15, end: 8e15 };
const DAY = 86_400_000;

/** Runs a log through the domain alone: no database, no Kafka, everything that was counted is "loaded". */
export class MemoryEngine {
  private readonly states = new Map<string, AccountState>();
  private readonly changes = new Map<string, AccountChanges>();
  private readonly parked = new Map<string, UsageEvent[]>();
  readonly outgoing: Outgoing[] = [];

  constructor(private readonly policy: Policy) {}

  run(log: readonly Entry[]): this {
    for (const entry of log) {
      if (!isRecord(entry)) {
        this.agree(entry);
        continue;
      }
      const decoded = decodedOf(entry);
      if (decoded === null) continue;
      if ('snapshot' in decoded) this.takeAccount(decoded);
      else this.take(decoded);
    }
    return this;
  }

  /** What the scheduler does when the input was read up to an instant: versions of the policy are followed. */
  followPolicy(until: number): this {
    for (const [accountId, state] of this.states) {
      const changes = this.changesOf(accountId);
      followPolicy(state, changes, until, this.contextAt(until));
      this.collect(changes);
    }
    return this;
  }

  results(): Results {
    const all = <T>(pick: (state: AccountState, changes: AccountChanges) => Iterable<T>): T[] =>
      [...this.states].flatMap(([id, state]) => [
        ...pick(state, this.changes.get(id) ?? new AccountChanges()),
      ]);
    return {
      windows: all((state) =>
        state.windows.all.map((row) => ({
          accountId: state.accountId,
          workspaceId: row.workspaceId === '' ? null : row.workspaceId,
          rule: row.rule,
          start: row.window.start,
          end: row.window.end,
          used: row.used,
          peak: row.peak,
          limit: row.limit,
          plan: row.plan,
        })),
      ),
      crossings: all((state) =>
        (state.ledger?.crossings ?? []).map((c) => ({
          accountId: state.accountId,
          workspaceId: c.workspaceId === '' ? null : c.workspaceId,
          rule: c.rule,
          start: c.window.start,
          level: c.level,
          limit: c.limit,
          used: c.used,
          crossedAt: c.crossedAt,
          causeEventId: c.causeEventId,
          continuesEpisode: c.continuesEpisode,
        })),
      ),
      violations: all((state, changes) =>
        changes.consequences.violations.filter(isOfLevels).map((v) => ({
          accountId: state.accountId,
          workspaceId: v.workspaceId === '' ? null : v.workspaceId,
          rule: v.rule,
          start: v.windowStart ?? Number.NaN,
          occurredAt: v.occurredAt,
        })),
      ),
      overages: all((state, changes) =>
        changes.consequences.overages
          .filter(({ kind }) => kind === 'STARTED')
          .map((o) => ({
            accountId: state.accountId,
            workspaceId: o.workspaceId === '' ? null : o.workspaceId,
            rule: o.rule,
            start: o.windowStart,
            limit: o.limit,
            used: o.used,
          })),
      ),
      notices: all((state) =>
        (state.ledger?.notices ?? [])
          .filter(({ kind }) => kind === 'THRESHOLD_WARNING')
          .map((n) => ({
            accountId: state.accountId,
            workspaceId: n.workspaceId === '' ? null : n.workspaceId,
            rule: n.rule,
            start: n.window.start,
            level: n.level,
            createdAt: n.createdAt,
            status: n.status,
            reason: n.status === 'SUPPRESSED' ? n.reason : null,
          })),
      ),
    };
  }

  consequences(): Consequences {
    const lines = (pick: (state: AccountState, changes: AccountChanges) => Iterable<unknown[]>): string[] =>
      sortedLines([...this.states].flatMap(([id, state]) => [...pick(state, this.changesOf(id))]));
    return {
      overages: lines(({ accountId }, { consequences }) =>
        consequences.overages.map((o) => [
          accountId,
          o.rule,
          o.workspaceId,
          o.windowStart,
          ...overageStep(o),
        ]),
      ),
      measures: lines(({ accountId, ledger }) =>
        (ledger?.measures ?? []).map((m) => [
          accountId,
          m.status,
          m.limit,
          m.effectiveFrom,
          m.effectiveUntil,
        ]),
      ),
      invitations: lines(({ accountId, ledger }) =>
        (ledger?.notices ?? [])
          .filter(({ kind }) => kind === 'UPGRADE_INVITATION')
          .map((n) => {
            const status = n.status === 'PENDING' ? 'DUE' : n.status;
            const reason = n.status === 'SUPPRESSED' ? n.reason : null;
            return [accountId, n.window.start, status, n.createdAt, reason];
          }),
      ),
      facts: lines(({ accountId }, { consequences: { violations, closedViolations } }) =>
        violations
          .filter((violation) => !isOfLevels(violation))
          .map(({ id, rule, workspaceId, occurredAt }) => {
            const closedAt = closedViolations.find((closed) => closed.id === id)?.closedAt ?? null;
            const { used, limit, causeEventId } = this.recordOf(id);
            return [accountId, rule, workspaceId, occurredAt, closedAt, used, limit, causeEventId];
          }),
      ),
    };
  }

  private recordOf(id: string): Outgoing['record'] {
    return this.outgoing.find(({ eventId }) => eventId === id)?.record ?? {};
  }

  /** Figures of rows must be the sums of their buckets. */
  inconsistencies(): string[] {
    return [...this.states.values()].flatMap((state) =>
      state.windows.all.flatMap((row) => {
        const metric = row.rule.startsWith('chats')
          ? 'chats'
          : row.rule === 'sessions-per-month'
            ? 'sessions'
            : row.rule === 'tickets-per-month'
              ? 'tickets'
              : 'upload_bytes';
        const sum = state.bucketsOf(metric).sum(row.window, row.workspaceId);
        const wrong = sum !== row.used || (figureOf(row) < row.used && row.peak === null);
        return wrong ? [`${state.accountId} ${row.rule} ${row.window.start}: ${row.used} is not ${sum}`] : [];
      }),
    );
  }

  private contextAt(now: number): Context {
    return { policy: this.policy, now, id: eventId };
  }

  private stateOf(accountId: string): AccountState {
    let state = this.states.get(accountId);
    if (state === undefined) {
      state = new AccountState(accountId, 0);
      state.ledger = emptyLedger(EVERYTHING.start);
      for (const metric of ['chats', 'sessions', 'tickets', 'upload_bytes'] as const) {
        state.bucketsOf(metric).markLoaded(EVERYTHING);
      }
      this.states.set(accountId, state);
      this.changes.set(accountId, new AccountChanges());
    }
    return state;
  }

  private agree({ accountId, arrivedAt, agreement }: AgreementEntry): void {
    const state = this.states.get(accountId);
    if (state === undefined || state.account === null) return;
    const changes = this.changesOf(accountId);
    const context = this.contextAt(arrivedAt);
    followPolicy(state, changes, arrivedAt, context);
    if ('withdrawn' in agreement) withdrawAllowance(state, changes, agreement.withdrawn, context);
    else {
      const { id, ...request } = agreement.granted;
      grantAllowance(state, changes, { ...request, reason: 'agreed' }, id, context);
    }
    this.collect(changes);
  }

  private take(event: UsageEvent): void {
    const state = this.stateOf(event.accountId);
    if (state.account !== null) this.count(state, event);
    else this.parked.set(event.accountId, [...(this.parked.get(event.accountId) ?? []), event]);
  }

  private takeAccount(event: AccountEvent): void {
    const state = this.stateOf(event.accountId);
    const changes = this.changesOf(event.accountId);
    const context = this.contextAt(event.arrivedAt);
    needsOfChange(state, event, context);
    const wasUnknown = state.account === null;
    takeAccountEvent(state, changes, event, context);
    this.collect(changes);
    if (!wasUnknown || event.snapshot === null) return;
    const waiting = this.parked.get(event.accountId) ?? [];
    this.parked.delete(event.accountId);
    for (const parked of waiting) {
      if (parked.arrivedAt >= event.arrivedAt - 35 * DAY) {
        this.count(state, { ...parked, arrivedAt: event.arrivedAt });
      }
    }
  }

  private count(state: AccountState, event: UsageEvent): void {
    const changes = this.changesOf(event.accountId);
    const context = this.contextAt(event.arrivedAt);
    const month = monthOf(event.occurredAt);
    if (!state.seen.has(month)) state.seen.set(month, new SeenIds(0));
    followPolicy(state, changes, event.arrivedAt, context);
    countEvent(state, changes, event, context);
    this.collect(changes);
  }

  private collect(changes: AccountChanges): void {
    this.outgoing.push(...changes.consequences.outgoing.splice(0));
  }

  private changesOf(accountId: string): AccountChanges {
    const changes = this.changes.get(accountId);
    if (changes === undefined) throw new Error(`${accountId} has no changes`);
    return changes;
  }
}

function isOfLevels({ windowStart }: { readonly windowStart: number | null }): boolean {
  return windowStart !== null;
}

/** What the decoder makes of an entry; null: nothing that counts. */
export function decodedOf(entry: LogEntry): UsageEvent | AccountEvent | null {
  if ('garbage' in entry) return null;
  const { arrivedAt } = entry;
  if ('tombstone' in entry) return { accountId: entry.tombstone, snapshot: null, arrivedAt };
  if (entry.topic === 'platform.replies.v1') return null;
  if (entry.topic === 'platform.accounts.v1') {
    return { accountId: entry.value.accountId, snapshot: entry.value, arrivedAt };
  }
  return usageOf(entry, arrivedAt);
}

function usageOf(record: UsageRecord, arrivedAt: number): UsageEvent | null {
  const { eventId: id, accountId, workspaceId, occurredAt } = record.value;
  if (arrivedAt - occurredAt > 35 * DAY || occurredAt - arrivedAt > 600_000) return null;
  const of = (metric: UsageEvent['metric'], counted: string, amount: number): UsageEvent => ({
    metric,
    eventId: id,
    accountId,
    workspaceId,
    idHash: idHash(Buffer.from(counted), metric),
    amount,
    occurredAt,
    arrivedAt,
  });
  switch (record.topic) {
    case 'platform.chats.v1':
      return record.value.type === 'STARTED' ? of('chats', record.value.chatId, 1) : null;
    case 'platform.sessions.v1':
      return record.value.type === 'STARTED' ? of('sessions', record.value.sessionId, 1) : null;
    case 'platform.tickets.v1':
      return record.value.type === 'CREATED' ? of('tickets', record.value.ticketId, 1) : null;
    case 'platform.uploads.v1': {
      const { uploadId, fileName, botId, sizeBytes } = record.value;
      return { ...of('upload_bytes', uploadId, sizeBytes), upload: { uploadId, fileName, botId } };
    }
  }
}
