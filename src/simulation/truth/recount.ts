import type { AccountSnapshot, UploadEvent } from '../records.js';
import { Account, rowName, type Parked, type Row } from './account.js';
import { Conditions } from './conditions.js';
import { Invitations } from './invitations.js';
import { Judge, type Consequences } from './judge.js';
import { Measures } from './measures.js';
import { Notices } from './notices.js';
import { Overages } from './overages.js';
import { Policies } from './policies.js';
import { SeenIds, usageOf } from './seen.js';
import { sensible } from './snapshot.js';
import type {
  AgreementEntry,
  Cause,
  DeadLetter,
  LargeFile,
  LogEntry,
  RecountOptions,
  Truth,
  WindowKey,
} from './types.js';
import { faultOf, isTooLate } from './validity.js';
import { nextHour, windowsOf } from './windows.js';

/**
 * Counts a log once more, record by record in order of arrival, in the simplest way there is, and says what the
 * reporting views and the topics should hold. Shares no code with what it checks.
 */
export function recount(log: Iterable<LogEntry | AgreementEntry>, options: RecountOptions): Truth {
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
  private readonly policies: Policies;
  private readonly conditions = new Conditions();
  private readonly largeFiles: LargeFile[] = [];
  private readonly deadLetters: DeadLetter[] = [];
  private counted = 0;

  constructor(private readonly options: RecountOptions) {
    this.policies = new Policies(options.uploadBytesPerYear, options.laterVersions ?? []);
    this.then = {
      notices: new Notices(options),
      invitations: new Invitations(options),
      measures: new Measures(),
      overages: new Overages(options),
    };
    this.judge = new Judge(this.policies, this.then);
  }

  read(entry: LogEntry | AgreementEntry): void {
    this.judge.settleFailures((id) => this.accounts.get(id), entry.arrivedAt);
    this.then.overages.closeUntil(entry.arrivedAt);
    if ('agreement' in entry) this.agree(entry);
    else this.readRecord(entry);
  }

  private readRecord(entry: LogEntry): void {
    const reason = faultOf(entry);
    const { topic, partition, offset, arrivedAt } = entry;
    if (reason !== null) this.deadLetters.push({ topic, partition, offset, reason });
    else if ('tombstone' in entry) this.closeAccount(entry.tombstone, arrivedAt);
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
    for (const account of this.accounts.values()) this.follow(account, until);
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
      const account = new Account(snapshot, arrivedAt, this.policies.at(arrivedAt));
      this.accounts.set(accountId, account);
      this.judgeConditions(account, snapshot.updatedAt);
      const waiting = this.stillFresh(this.parked.get(accountId) ?? [], arrivedAt);
      this.parked.delete(accountId);
      for (const event of waiting) this.count(account, event, arrivedAt);
      return;
    }
    this.follow(known, arrivedAt);
    if (!known.closedByTombstone && snapshot.revision < known.snapshot.revision) return;
    const isOtherPlan = known.take(snapshot, arrivedAt);
    this.judgeConditions(known, snapshot.updatedAt);
    if (!isOtherPlan) return;
    this.judgeOpenWindows(known, { eventId: null, at: snapshot.updatedAt, asOf: arrivedAt, now: arrivedAt });
  }

  private closeAccount(accountId: string, arrivedAt: number): void {
    const account = this.accounts.get(accountId);
    if (account === undefined) return;
    this.follow(account, arrivedAt);
    account.status = 'CLOSED';
    account.closedByTombstone = true;
  }

  /** Judges by every version of the policy that came into force meanwhile, as of its effective date. */
  private follow(account: Account, now: number): void {
    for (const version of this.policies.after(account.version, now)) {
      account.version = version;
      const { from } = version;
      this.judgeConditions(account, from);
      this.judgeOpenWindows(account, { eventId: null, at: from, asOf: from, now });
    }
  }

  private agree({ accountId, arrivedAt: now, agreement }: AgreementEntry): void {
    const account = this.accounts.get(accountId);
    if (account === undefined) return;
    this.follow(account, now);
    const changed =
      'granted' in agreement
        ? account.agreements.grant(agreement.granted, now)
        : account.agreements.withdraw(agreement.withdrawn, now);
    if (changed) this.judgeOpenWindows(account, { eventId: null, at: now, asOf: now, now });
  }

  private judgeConditions(account: Account, at: number): void {
    const { snapshot, version } = account;
    this.conditions.judge(snapshot, version.planOf(snapshot.plan), at);
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
    this.follow(account, now);
    const usage = usageOf(event.record);
    const { accountId, eventId, occurredAt } = event.record.value;
    if (usage === null || !this.seen.first(accountId, usage.id, usage.fact)) return;
    this.counted += 1;
    account.add(usage.fact);
    if (event.record.topic === 'platform.uploads.v1') this.judgeFile(account, event.record.value, now);
    const touched = windowsOf(account, accountId, usage.fact).flatMap((key) => {
      const row = this.addTo(account, key, usage.fact.amount);
      return [...(row === null ? [] : [row]), ...nextHour(account, key)];
    });
    for (const row of touched) this.judge.judge(account, row, { eventId, at: occurredAt, asOf: now, now });
  }

  private judgeFile(account: Account, upload: UploadEvent, now: number): void {
    const { accountId, workspaceId, botId, fileName, sizeBytes, occurredAt } = upload;
    const limit = account.version.largestFile + account.agreements.beyondFileSize(occurredAt, now);
    if (sizeBytes <= limit) return;
    const file = { accountId, workspaceId, botId, fileName, sizeBytes, limit, occurredAt };
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

  /** A change judges the windows that are open: rules newly named get the sum over the window so far. */
  private judgeOpenWindows(account: Account, cause: Cause): void {
    const { accountId } = account.snapshot;
    for (const key of account.facts.flatMap((fact) => windowsOf(account, accountId, fact))) {
      if (key.end > cause.asOf && !account.rows.has(rowName(key))) this.open(account, key);
    }
    this.judge.review(account, accountId, cause);
    const open = [...account.rows.values()].filter((row) => row.end > cause.asOf);
    for (const row of this.judge.inOrder(account, open)) {
      this.judge.judge(account, row, cause);
      this.judge.reissue(account, row, cause.now);
    }
  }
}
