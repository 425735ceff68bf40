import { isValidZone, newCalendar, windowAt, withSettings, type Calendar } from '../windows/calendar.js';
import type { AccountEvent } from '../events.js';
import type { Allowance } from './allowance.js';
import { soundSnapshot, type AccountSnapshot, type AccountStatus, type SnapshotProblem } from './snapshot.js';

/** Plan and status from an instant on: when the snapshot was taken in (its arrival, epoch ms). */
export interface PlanInForce {
  readonly from: number;
  readonly plan: string;
  readonly status: AccountStatus;
}

/** What the engine knows of an account: the snapshot in force and what is derived from all of them. */
export interface Account {
  readonly snapshot: AccountSnapshot;
  /** Closed by a tombstone: a snapshot of any revision opens it again. */
  readonly tombstoned: boolean;
  /** Ascending by `from`, never empty. */
  readonly history: readonly PlanInForce[];
  readonly calendar: Calendar;
  /** What was agreed beforehand; the platform's word on the account does not change it. */
  readonly allowances: readonly Allowance[];
  /** Hash of the policy version that the open windows were judged by last; '': none that is known. */
  readonly judgedBy: string;
  readonly problems: readonly SnapshotProblem[];
}

// Plans are asked for at the end of windows of a year plus the late horizon, and for evidence after that.
const HISTORY_KEPT_MS = 500 * 86_400_000;

/**
 * The account after the platform's word on it, or the same object when that changes nothing: an older revision, a
 * repetition, a tombstone of an account unknown or already closed.
 */
export function applyAccountEvent(account: Account | null, event: AccountEvent): Account | null {
  if (event.snapshot === null) return account === null ? null : bury(account, event.arrivedAt);
  if (account !== null && !account.tombstoned) {
    if (event.snapshot.revision < account.snapshot.revision) return account;
    if (sameSnapshot(event.snapshot, account)) return account;
  }
  const { snapshot, problems } = soundSnapshot(event.snapshot, isValidZone);
  const calendar =
    account === null
      ? openAt(newCalendar(snapshot.timeZone, snapshot.billingAnchorDay), event.arrivedAt)
      : withSettings(account.calendar, snapshot.timeZone, snapshot.billingAnchorDay, event.arrivedAt);
  const history = extend(account?.history ?? [], {
    from: event.arrivedAt,
    plan: snapshot.plan,
    status: snapshot.status,
  });
  const allowances = account?.allowances ?? [];
  const judgedBy = account?.judgedBy ?? '';
  return { snapshot, tombstoned: false, history, calendar, allowances, judgedBy, problems };
}

/** Suspended and closed accounts are counted and judged, but not warned. */
export function isActive(account: Account): boolean {
  return account.snapshot.status === 'ACTIVE' || account.snapshot.status === 'UNKNOWN';
}

/** The plan in force just before `instant`; before the first snapshot, the first one's. */
export function planBefore(account: Account, instant: number): string {
  const entry = account.history.findLast(({ from }) => from < instant) ?? account.history[0];
  return entry?.plan ?? account.snapshot.plan;
}

function bury(account: Account, at: number): Account {
  if (account.tombstoned) return account;
  const snapshot: AccountSnapshot = { ...account.snapshot, status: 'CLOSED' };
  const history = extend(account.history, { from: at, plan: snapshot.plan, status: 'CLOSED' });
  return { ...account, snapshot, tombstoned: true, history };
}

// The calendar is extended by time: the window open when the account becomes known is the first.
function openAt(calendar: Calendar, instant: number): Calendar {
  const months = windowAt(calendar, 'month', instant).calendar;
  return windowAt(months, 'year', instant).calendar;
}

function extend(history: readonly PlanInForce[], entry: PlanInForce): PlanInForce[] {
  const last = history.at(-1);
  if (
    last !== undefined &&
    last.plan === entry.plan &&
    last.status === entry.status &&
    last.from <= entry.from
  ) {
    return [...history];
  }
  const kept = history.filter(({ from }, i) => {
    const next = history[i + 1];
    // Arrivals of different partitions need not ascend: the newest word stands last, whatever its time.
    return from < entry.from && (next === undefined || next.from > entry.from - HISTORY_KEPT_MS);
  });
  return [...kept, entry];
}

function sameSnapshot(raw: AccountSnapshot, account: Account): boolean {
  const sound = soundSnapshot(raw, isValidZone);
  return inKeyOrder(sound.snapshot) === inKeyOrder(account.snapshot);
}

// A snapshot read back from the database has its keys in another order.
function inKeyOrder(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}
