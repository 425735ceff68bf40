import { setMaxListeners } from 'node:events';
import { beginData, type Attempt } from '../../postgres/deliveries/attempts.js';
import { dueDeliveries, expiredLeases } from '../../postgres/deliveries/due.js';
import type { DeliveryKey } from '../../postgres/deliveries/ledger.js';
import { sendLetter } from '../../mail/send/send.js';
import { Connections } from '../../mail/send/connections.js';
import { mailServer } from '../../mail/send/server.js';
import type { Outcome } from '../../domain/notices/delivery/outcome.js';
import { Backoff } from '../../support/backoff.js';
import { failpoint } from '../../support/failpoints.js';
import { claim, type Claim, type ClaimedDelivery } from './claim.js';
import { senderOf } from './compose.js';
import { expire, finish, type Ended, type Finished } from './finish.js';
import type { MailerContext } from './options.js';
import { Outage } from '../outage.js';
import { Progress } from '../progress.js';
import { Together } from './together.js';
import { tellFinished, tellSettled } from './telling.js';
import { Turns } from './turns.js';
import { sleep, within } from '../wait.js';

const SWEEP_LIMIT = 50;
// Two, so that accounts whose locks are taken do not hold up all others; few, since counting waits for each of them.
const TOGETHER = { atOnce: 2, most: 24 };
// A claim may wait for its account until a counting transaction ends, so the next ones are claimed while others are on their
// way: deliveries in hand for each mail on its way.
const IN_HAND = 4;
// After a turn that did not come no more is claimed than can be sent: the mail server is slow.
const NOT_AHEAD_MS = 60_000;
// After the last answer or the last wait for one: to write down how the attempts ended.
const WRITE_DOWN_MS = 3_000;

/** Sends what is due: claims, attempts and writes down how each ended, a few at a time. */
export class DeliveryWorker {
  private readonly connections: Connections;
  private readonly from: string;
  private readonly database: Outage;
  private readonly mailServerOutage: Outage;
  /** No claim any more, and nothing begins. */
  private readonly hurry = new AbortController();
  /** The wait for answers is over. */
  private readonly end = new AbortController();
  /** Nothing is written down any more. */
  private readonly close = new AbortController();
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly claims: Together<DeliveryKey, Claim>;
  private readonly endings: Together<Ended, Finished>;
  private readonly turns: Turns;
  private woken = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private sweptAt = Number.NEGATIVE_INFINITY;
  private notAheadUntil = Number.NEGATIVE_INFINITY;
  private databaseAnswered = false;
  private readonly progress: Progress;

  constructor(private readonly context: MailerContext) {
    const { smtp, timing, log } = context;
    this.connections = new Connections(mailServer(smtp.url, smtp.requireTls, timing.smtp));
    this.from = senderOf(context).address;
    this.claims = new Together((keys) => this.claim(keys), TOGETHER);
    this.turns = new Turns(context.concurrency, timing.turnMs, this.hurry.signal);
    this.endings = new Together((ended) => finish(context, ended), TOGETHER);
    this.database = new Outage(log, 'the database');
    // An attempt may take nearly as long as its lease.
    this.progress = new Progress('the sending of mails', timing.leaseMs);
    this.mailServerOutage = new Outage(log, 'the mail server');
    // Every attempt under way listens to them.
    setMaxListeners(0, this.hurry.signal, this.end.signal);
  }

  start(): void {
    this.running = this.run();
  }

  /** Looks for what is due now, not at the next poll. */
  wake(): void {
    this.woken.abort();
  }

  /** Claims nothing more, waits for the answers to sent data, and writes down the rest as unknown. */
  async stop(): Promise<void> {
    this.hurry.abort();
    this.connections.close();
    this.wake();
    const settled = this.running.then(() => Promise.all(this.underWay.values())).then(() => true);
    const inTime = await within(this.context.timing.shutdownMs, settled);
    this.end.abort();
    if (inTime === null) await within(WRITE_DOWN_MS, settled);
    this.close.abort();
    await settled;
  }

  /** Null: the database answers. */
  problem(): string | null {
    return this.databaseAnswered ? this.progress.problem() : 'the database does not answer';
  }

  /** False while the last attempt could not reach the mail server. */
  get mailServerAnswers(): boolean {
    return !this.mailServerOutage.lasting;
  }

  private async run(): Promise<void> {
    const { signal } = this.hurry;
    let backoff = new Backoff(signal);
    while (!signal.aborted) {
      this.woken = new AbortController();
      try {
        await this.progress.during(this.sweepNowAndThen());
        await this.progress.during(this.startDue());
        this.databaseAnswered = true;
        this.database.ended();
        backoff = new Backoff(signal);
        await sleep(this.context.timing.pollMs, this.woken.signal);
      } catch (error) {
        this.databaseAnswered = false;
        this.database.began(error);
        await backoff.wait();
      }
    }
  }

  private async startDue(): Promise<void> {
    const inHand = performance.now() < this.notAheadUntil ? 1 : IN_HAND;
    const free = this.context.concurrency * inHand - this.underWay.size;
    if (free <= 0) return;
    // Those under way may still look due until their claim is committed.
    const due = await dueDeliveries(this.context.pool, free + this.underWay.size);
    const fresh = due.filter((key) => !this.underWay.has(nameOf(key))).slice(0, free);
    for (const key of fresh) {
      if (this.hurry.signal.aborted) return;
      const name = nameOf(key);
      const work = this.progress.during(this.deliver(key)).finally(() => {
        this.underWay.delete(name);
        this.wake();
      });
      this.underWay.set(name, work);
    }
  }

  /** One attempt from claim to record; never rejects. */
  private async deliver(key: DeliveryKey): Promise<void> {
    try {
      const claimed = await this.claims.run(key);
      if (claimed.kind === 'claimed') {
        const outcome = (await this.turns.run(() => this.attempt(claimed))) ?? this.notBegun();
        await failpoint('mail.answered');
        this.report(claimed, outcome);
        await this.writeDown(claimed, outcome);
      } else if (claimed.kind === 'dropped') {
        this.context.metrics.deliveries.inc({ outcome: 'cancelled' }, claimed.cancelled);
        tellSettled(this.context, key, claimed.settled);
      } else if (claimed.kind === 'unrenderable') {
        this.context.log.error({ ...key, err: claimed.error }, 'mail cannot be rendered');
        this.context.metrics.deliveries.inc({ outcome: 'unrenderable' });
        tellSettled(this.context, key, claimed.settled);
      }
    } catch (error) {
      this.database.began(error);
      // The delivery is still due: without a pause it would be taken up again at once.
      await sleep(this.context.timing.pollMs, this.hurry.signal);
    }
  }

  private async claim(keys: readonly DeliveryKey[]): Promise<Map<string, Claim>> {
    if (!this.hurry.signal.aborted) return claim(this.context, keys);
    return new Map(keys.map(({ accountId }) => [accountId, { kind: 'gone' }]));
  }

  private async attempt(claimed: ClaimedDelivery): Promise<Outcome> {
    const letter = { from: this.from, to: claimed.to, raw: claimed.raw };
    let unrecorded: unknown = null;
    const outcome = await sendLetter(this.connections, letter, {
      begin: () =>
        this.beginData(claimed.attempt).catch((error: unknown) => {
          unrecorded = error;
          throw error;
        }),
      hurry: this.hurry.signal,
      end: this.end.signal,
    });
    if (unrecorded === null) return outcome;
    // Nothing was sent, and the mail server is not at fault.
    this.database.began(unrecorded);
    return { kind: 'released' };
  }

  private notBegun(): Outcome {
    this.notAheadUntil = performance.now() + NOT_AHEAD_MS;
    return { kind: 'not-begun' };
  }

  private async beginData(attempt: Attempt): Promise<boolean> {
    await failpoint('mail.before-data');
    const ours = await beginData(this.context.pool, attempt);
    await failpoint('mail.data-began');
    return ours;
  }

  /** Tries until it is written: only a shutdown gives up, and then the lease tells what happened. */
  private async writeDown(claimed: ClaimedDelivery, outcome: Outcome): Promise<void> {
    const { signal } = this.close;
    const backoff = new Backoff(signal);
    for (;;) {
      try {
        const finished = await this.finish(claimed, outcome);
        tellFinished(this.context, claimed, finished);
        return;
      } catch (error) {
        this.database.began(error);
        if (signal.aborted) return;
        await backoff.wait();
      }
    }
  }

  private async finish(claimed: ClaimedDelivery, outcome: Outcome): Promise<Finished> {
    if (outcome.kind === 'lost') return { outcome: 'lost', settled: null };
    return this.endings.run({ accountId: claimed.attempt.accountId, claimed, outcome });
  }

  private report({ attempt }: ClaimedDelivery, outcome: Outcome): void {
    const { log } = this.context;
    if (outcome.kind === 'retry') {
      if (outcome.loud)
        log.error({ reason: outcome.reason }, 'the mail server does not take our mail: check its set-up');
      else if (!/^4\d\d/.test(outcome.reason)) this.mailServerOutage.began(new Error(outcome.reason));
      log.debug({ ...attempt, reason: outcome.reason }, 'mail is tried again later');
    } else if (outcome.kind === 'unknown') {
      log.error({ ...attempt, reason: outcome.reason }, 'mail sent without an answer: a person must look');
    } else if (outcome.kind === 'accepted' || outcome.kind === 'refused') {
      this.mailServerOutage.ended();
    }
  }

  private async sweepNowAndThen(): Promise<void> {
    if (performance.now() - this.sweptAt < this.context.timing.sweepMs) return;
    const { pool, metrics, log } = this.context;
    for (const key of await expiredLeases(pool, SWEEP_LIMIT)) {
      const { status, settled } = await expire(this.context, key);
      if (status !== null) log.warn({ ...key, status }, 'delivery attempt left without a word');
      if (status === 'UNKNOWN') metrics.deliveries.inc({ outcome: 'unknown' });
      tellSettled(this.context, key, settled);
    }
    metrics.mailServerUp.set(this.mailServerAnswers ? 1 : 0);
    this.sweptAt = performance.now();
  }
}

function nameOf({ accountId, notificationId, recipientKey }: DeliveryKey): string {
  return JSON.stringify([accountId, notificationId, recipientKey]);
}
