import type { AccountSnapshot, UploadEvent } from '../records.js';
import { Account, rowName, type Fact, type Parked, type Row } from './account.js';
import { Conditions } from './conditions.js';
import { Invitations } from './invitations.js';
import { Judge, type Consequences } from './judge.js';
import { Measures } from './measures.js';
import { Notices } from './notices.js';
import { Overages } from './overages.js';
import { LARGEST_FILE, planTable, RULE_SHAPES } from './plans.js';
import { SeenIds, usageOf } from './seen.js';
import { sensible } from './snapshot.js';
import type { DeadLetter, LargeFile, LogEntry, RecountOptions, Truth, WindowKey } from './types.js';
import { faultOf, isTooLate } from './validity.js';

/**
 * Counts a log once more, record by record in order of arrival, in the simplest way there is, and says what the
 * reporting views and the topics should hold. Shares no code with what it checks.
 */
export function recount(log: Iterable<LogEntry>, options: RecountOptions): Truth {
  const book = new Book(options);
  for (const entry of log) book.read(entry);
  return book.close();
}

class Book {
  private readonly accounts = new Map<string, Account>();
  private readonly parked = new Map<string, Parked[]>();
  private readonly seen = new SeenIds();
  private readonly then: Consequences;
  private readonly judge: Judge;
  private readonly conditions: Conditions;
  private readonly largeFiles: LargeFile[] = [];
  private readonly deadLetters: DeadLetter[] = [];
  private counted = 0;

  constructor(private readonly options: RecountOptions) {
    const planOf = planTable(options.uploadBytesPerYear);
    this.then = {
      notices: new Notices(options),
      invitations: new Invitations(options),
      measures: new Measures(),
      overages: new Overages(options),
    };
    this.judge = new Judge(planOf, this.then);
    this.conditions = new Conditions(planOf);
  }

  read(entry: LogEntry): void {
    this.judge.settleFailures((id) => this.accounts.get(id), entry.arrivedAt);
    this.then.overages.closeUntil(entry.arrivedAt);
    const reason = faultOf(entry);
    const { topic, partition, offset, arrivedAt } = entry;
    if (reason !== null) this.deadLetters.push({ topic, partition, offset, reason });
    else if ('tombstone' in entry) this.closeAccount(entry.tombstone);
    else if ('garbage' in entry || entry.topic === 'platform.replies.v1') return;
    else if (entry.topic === 'platform.accounts.v1') this.takeIn(entry.value, arrivedAt);
    else if (usageOf(entry) !== null) {
      const event: Parked = { topic: entry.topic, partition, offset, arrivedAt, record: entry };
      const account = this.accounts.get(entry.value.accountId);
      if (account === undefined) this.park(event);
      else this.count(account, event, arrivedAt);
    }
  }

  close(): Truth {
    const until = this.options.until ?? 0;
    this.then.overages.closeUntil(until);
    const { notices, invitations, measures, overages } = this.then;
    for (const [accountId, events] of this.parked) this.parked.set(accountId, this.stillFresh(events, until));
    return {
      windows: [...this.accounts.values()].flatMap((account) => this.usageOf(account)),
      crossings: this.judge.crossings,
      violations: this.judge.violations,
      overages: overages.all.filter(({ kind }) => kind === 'STARTED'),
      overageSteps: overages.all,
      notices: notices.all,
      invitations: invitations.all,
      measures: measures.all,
      largeFiles: this.largeFiles,
      brokenConditions: this.conditions.all,
      deadLetters: this.deadLetters,
      counted: this.counted,
      parked: [...this.parked.values()].flat().length,
    };
  }

  private usageOf(account: Account) {
    return [...account.rows.values()].map((row) => ({
      ...row,
      peak60m: row.windowKind === 'hour' ? account.peak(row) : null,
      limit: this.judge.ruleFor(account, row)?.limit ?? null,
      plan: account.planFor(row.end),
    }));
  }

  private takeIn(published: AccountSnapshot, arrivedAt: number): void {
    const snapshot = sensible(published);
    const { accountId } = snapshot;
    const known = this.accounts.get(accountId);
    if (known === undefined) {
      const account = new Account(snapshot, arrivedAt);
      this.accounts.set(accountId, account);
      this.conditions.judge(snapshot);
      const waiting = this.stillFresh(this.parked.get(accountId) ?? [], arrivedAt);
      this.parked.delete(accountId);
      for (const event of waiting) this.count(account, event, arrivedAt);
      return;
    }
    if (!known.closedByTombstone && snapshot.revision < known.revision) return;
    known.closedByTombstone = false;
    known.revision = snapshot.revision;
    known.status = snapshot.status;
    this.conditions.judge(snapshot);
    known.calendar.change(arrivedAt, snapshot.timeZone, snapshot.billingAnchorDay);
    if (known.changePlan(snapshot.plan, arrivedAt)) {
      this.judgeOpenWindows(known, accountId, snapshot.updatedAt, arrivedAt);
    }
  }

  private closeAccount(accountId: string): void {
    const account = this.accounts.get(accountId);
    if (account === undefined) return;
    account.status = 'CLOSED';
    account.closedByTombstone = true;
  }

  private park(event: Parked): void {
    const { accountId } = event.record.value;
    this.parked.set(accountId, [...(this.parked.get(accountId) ?? []), event]);
  }

  private stillFresh(events: Parked[], now: number): Parked[] {
    for (const { topic, partition, offset, arrivedAt } of events) {
      if (isTooLate(arrivedAt, now)) this.deadLetters.push({ topic, partition, offset, reason: 'TOO_LATE' });
    }
    return events.filter((event) => !isTooLate(event.arrivedAt, now));
  }

  private count(account: Account, event: Parked, now: number): void {
    const usage = usageOf(event.record);
    const { accountId, eventId, occurredAt } = event.record.value;
    if (usage === null || !this.seen.first(accountId, usage.id, usage.fact)) return;
    this.counted += 1;
    account.add(usage.fact);
    if (event.record.topic === 'platform.uploads.v1') this.judgeFile(event.record.value);
    const touched = windowsOf(account, accountId, usage.fact).flatMap((key) => {
      const row = this.addTo(account, key, usage.fact.amount);
      return row === null ? [] : [row, ...nextHour(account, row)];
    });
    for (const row of touched) this.judge.judge(account, row, { eventId, at: occurredAt, now });
  }

  private judgeFile(upload: UploadEvent): void {
    const { accountId, workspaceId, botId, fileName, sizeBytes, occurredAt } = upload;
    if (sizeBytes <= LARGEST_FILE) return;
    const file = { accountId, workspaceId, botId, fileName, sizeBytes, occurredAt, limit: LARGEST_FILE };
    this.largeFiles.push({ ...file, rule: 'file-size', causeEventId: upload.eventId });
  }

  /** Adds to the row of a window, or opens it where the plan names the rule. */
  private addTo(account: Account, key: WindowKey, amount: number): Row | null {
    const row = account.rows.get(rowName(key));
    if (row === undefined) return this.open(account, key);
    row.used += amount;
    return row;
  }

  private open(account: Account, key: WindowKey): Row | null {
    if (this.judge.ruleFor(account, key) === undefined) return null;
    const row = { ...key, used: account.sum(key) };
    account.rows.set(rowName(key), row);
    return row;
  }

  /** A new plan judges the windows that are open: rules newly named get the sum over the window so far. */
  private judgeOpenWindows(account: Account, accountId: string, changedAt: number, now: number): void {
    for (const key of account.facts.flatMap((fact) => windowsOf(account, accountId, fact))) {
      if (key.end > now && !account.rows.has(rowName(key))) this.open(account, key);
    }
    this.judge.review(account, accountId, now);
    const open = [...account.rows.values()].filter((row) => row.end > now);
    for (const row of open.sort((a, b) => a.start - b.start)) {
      this.judge.judge(account, row, { eventId: null, at: changedAt, now });
    }
  }
}

/** The windows of every rule and scope in which a fact lies, whatever the plan names. */
function windowsOf(account: Account, accountId: string, fact: Fact): WindowKey[] {
  return RULE_SHAPES.filter(({ metric }) => metric === fact.metric).map(
    ({ rule, metric, windowKind, scope }) => {
      const workspaceId = scope === 'workspace' ? fact.workspaceId : null;
      const window = account.calendar.window(windowKind, fact.occurredAt);
      return { accountId, workspaceId, rule, metric, windowKind, ...window };
    },
  );
}

/** A late event lifts the peak of the following hour too, where that one has events of its own. */
function nextHour(account: Account, row: Row): Row[] {
  if (row.windowKind !== 'hour') return [];
  const next = account.rows.get(rowName({ ...row, start: row.end }));
  return next === undefined ? [] : [next];
}
