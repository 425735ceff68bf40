import type { AccountSnapshot, UsageRecord } from '../records.js';
import { Agreements } from './agreements.js';
import { Calendar } from './calendar.js';
import type { Version } from './policies.js';
import type { Metric, WindowKey } from './types.js';

/** What was counted: one chat, session or ticket, or the bytes of one upload. */
export interface Fact {
  metric: Metric;
  workspaceId: string;
  occurredAt: number;
  amount: number;
}

export interface Row extends WindowKey {
  used: number;
}

/** An event of an account that is not known yet, with its arrival. */
export interface Parked {
  topic: UsageRecord['topic'];
  partition: number;
  offset: number;
  arrivedAt: number;
  record: UsageRecord;
}

const MINUTE = 60_000;

/** What is known of one account, and everything that was counted for it. */
export class Account {
  readonly calendar: Calendar;
  readonly facts: Fact[] = [];
  readonly rows = new Map<string, Row>();
  readonly agreements = new Agreements();
  closedByTombstone = false;
  status: AccountSnapshot['status'];
  private readonly plans: { from: number; plan: string }[];
  private readonly chatsOfMinute = new Map<string, Map<number, number>>();

  constructor(
    public snapshot: AccountSnapshot,
    arrivedAt: number,
    /** The policy version that judges it now. */
    public version: Version,
  ) {
    this.calendar = new Calendar(snapshot.timeZone, snapshot.billingAnchorDay);
    this.status = snapshot.status;
    this.plans = [{ from: arrivedAt, plan: snapshot.plan }];
  }

  /** Takes the next snapshot; whether the plan is another one from now on. */
  take(snapshot: AccountSnapshot, at: number): boolean {
    this.snapshot = snapshot;
    this.status = snapshot.status;
    this.closedByTombstone = false;
    this.calendar.change(at, snapshot.timeZone, snapshot.billingAnchorDay);
    if (snapshot.plan === this.plans.at(-1)?.plan) return false;
    this.plans.push({ from: at, plan: snapshot.plan });
    return true;
  }

  /** The plan that judges a window ending at `end`: the present one, or for an ended window the one at its end. */
  planFor(end: number): string {
    const then = this.plans.findLast(({ from }) => from < end) ?? this.plans[0];
    return then?.plan ?? '';
  }

  add(fact: Fact): void {
    this.facts.push(fact);
    if (fact.metric !== 'chats') return;
    const minute = Math.floor(fact.occurredAt / MINUTE);
    for (const scope of ['', fact.workspaceId]) {
      const minutes = this.chatsOfMinute.get(scope) ?? new Map<number, number>();
      minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
      this.chatsOfMinute.set(scope, minutes);
    }
  }

  /** What lies in a window of a scope, summed up from the facts. */
  sum(key: WindowKey): number {
    return this.facts
      .filter((fact) => fact.metric === key.metric)
      .filter((fact) => key.workspaceId === null || fact.workspaceId === key.workspaceId)
      .filter((fact) => key.start <= fact.occurredAt && fact.occurredAt < key.end)
      .reduce((total, fact) => total + fact.amount, 0);
  }

  /** The largest sum of 60 consecutive whole minutes that end at a minute of this hour. */
  peak(row: WindowKey): number {
    const minutes = this.chatsOfMinute.get(row.workspaceId ?? '') ?? new Map<number, number>();
    const first = row.start / MINUTE;
    let sum = 0;
    for (let minute = first - 60; minute < first; minute += 1) sum += minutes.get(minute) ?? 0;
    let peak = 0;
    for (let minute = first; minute < first + 60; minute += 1) {
      sum += (minutes.get(minute) ?? 0) - (minutes.get(minute - 60) ?? 0);
      peak = Math.max(peak, sum);
    }
    return peak;
  }

  /** The figure that a limit is compared with: the peak for hours, the sum otherwise. */
  figure(row: Row): number {
    return row.windowKind === 'hour' ? this.peak(row) : row.used;
  }
}

export function rowName(key: Pick<WindowKey, 'rule' | 'workspaceId' | 'start'>): string {
  return `${key.rule}|${String(key.start)}|${key.workspaceId ?? ''}`;
}
