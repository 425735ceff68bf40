import { Counting, type EngineOptions } from '../lib/counting.js';
import { MailServer } from '../lib/mailServer.js';
import { measured, round, Surroundings, type Measurement } from '../lib/measurement.js';
import { Oracle, type Expected } from '../lib/oracle.js';
import { peakMemory } from '../lib/proc.js';
import { Probe, type Arrival } from '../lib/probe.js';
import { readTopic } from '../lib/readTopic.js';
import type { Bench } from '../lib/bench.js';
import { CHATS } from '../lib/topic.js';
import { until } from '../lib/until.js';
import { differences } from '../lib/verify.js';
import type { Chat } from '../lib/workload.js';
import { cpuSince, perMillion } from './drain.js';

export interface LatencySettings {
  readonly perSecond: number;
  /** Events of the first so many seconds are not measured. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Chats per hour of the policy that the engine runs under. */
  readonly limit: number;
  /** Event time of the first event. */
  readonly from: number;
  /** Publishes the events at the rate; resolves with the largest lag, ms. */
  readonly publish: (events: number) => Promise<number>;
}

const SETTLED_WITHIN_MS = 60_000;

/**
 * Open loop: events come at a rate that does not heed how far the engine is. From the time at which an event was due to be
 * sent until the violation it caused arrives at a read_committed consumer, and until the mail it caused is accepted.
 */
export function latency(
  bench: Bench,
  what: string,
  options: EngineOptions,
  settings: LatencySettings,
): Promise<Measurement> {
  return Counting.with(bench, options, async (counting) => {
    const events = settings.perSecond * (settings.warmUpSeconds + settings.seconds);
    const mails = await MailServer.start();
    const violations = await Probe.start(bench.kafka, 'fair-use.violations.v1');
    const notifications = await Probe.start(bench.kafka, 'fair-use.notifications.v1');
    try {
      const engine = await counting.start(mails.env);
      await engine.ready();
      const surroundings = new Surroundings();
      const before = bench.cpu();
      const engineBefore = cpuSince(counting.engines, before, before).engine;
      const generatorLag = await settings.publish(events);
      await counting.counted(events);
      const cpu = cpuSince(counting.engines, before, bench.cpu());
      const own = { ...cpu, engine: cpu.engine - engineBefore, all: cpu.all - engineBefore };
      const around = surroundings.tell(own.all);
      await counting.settled(SETTLED_WITHIN_MS);
      const { expected, dueAt, firstDueAt } = await whatWasSent(bench, settings);
      const wrong = [
        ...(await differences(counting.db, expected)),
        ...(await untold(counting, violations, 'violations')),
        ...(await untold(counting, notifications, 'notifications')),
      ];
      const cut = firstDueAt + settings.warmUpSeconds * 1_000;
      const violation = latencies(violations.arrivals, dueAt, cut, ({ at }) => at);
      const mail = latencies(notifications.arrivals, dueAt, cut, ({ value }) =>
        mails.acceptedAt.get(String(value['notificationId'])),
      );
      const values = {
        ...percentiles('violation', violation),
        violations: violation.length,
        ...percentiles('mail', mail),
        mails: mail.length,
        ...perMillion(own, events),
        memory: peakMemory(engine.pid),
        generatorLag,
      };
      const run = measured({ what, side: 'engine', wrong, values, ...around });
      return { ...run, detail: { wrong, violation, mail } };
    } finally {
      await Promise.all([violations.stop(), notifications.stop()]);
      await counting.stop();
      await mails.stop();
    }
  });
}

/** What has to come out, and when each event was due. */
async function whatWasSent(
  bench: Bench,
  { from, limit }: LatencySettings,
): Promise<{ expected: Expected; dueAt: Map<string, number>; firstDueAt: number }> {
  const oracle = new Oracle(from, limit);
  const dueAt = new Map<string, number>();
  let firstDueAt = Number.POSITIVE_INFINITY;
  await readTopic(bench.kafka, CHATS, (value, timestamp) => {
    const chat = value as Chat;
    oracle.take(chat);
    firstDueAt = Math.min(firstDueAt, timestamp);
    // A repetition has the id of what it repeats, which was first.
    if (!dueAt.has(chat.eventId)) dueAt.set(chat.eventId, timestamp);
  });
  return { expected: oracle.expected(), dueAt, firstDueAt };
}

/** Every row that was put on its way has arrived, once. */
async function untold(
  counting: Counting,
  probe: Probe,
  name: 'violations' | 'notifications',
): Promise<string[]> {
  const { rows } = await counting.db.query<{ n: string }>(
    'select count(*) as n from outbox where topic = $1',
    [`fair-use.${name}.v1`],
  );
  const sent = Number(rows[0]?.n);
  await until(`all ${name} have arrived`, () => probe.arrivals.length >= sent, {
    withinMs: SETTLED_WITHIN_MS,
  });
  return probe.arrivals.length === sent ? [] : [`${name} read: ${probe.arrivals.length}, not ${sent}`];
}

/** Of what was caused by events that were due from `cut` on, ms, in ascending order. */
function latencies(
  arrivals: readonly Arrival[],
  dueAt: ReadonlyMap<string, number>,
  cut: number,
  end: (arrival: Arrival) => number | undefined,
): number[] {
  return arrivals
    .flatMap((arrival) => {
      const due = dueAt.get(String(arrival.value['causeEventId']));
      const at = end(arrival);
      return due === undefined || due < cut || at === undefined ? [] : [at - due];
    })
    .sort((a, b) => a - b);
}

function percentiles(name: string, sorted: readonly number[]): Record<string, number> {
  const at = (share: number): number | undefined =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const [p50, p99, most] = [at(0.5), at(0.99), sorted.at(-1)];
  if (p50 === undefined || p99 === undefined || most === undefined) return {};
  return { [`${name}P50`]: round(p50, 0), [`${name}P99`]: round(p99, 0), [`${name}Most`]: most };
}
