import type { Bench } from '../lib/bench.js';
import { Counting, type EngineOptions } from '../lib/counting.js';
import { fill } from '../lib/fill.js';
import { MailServer } from '../lib/mailServer.js';
import { measured, round, Surroundings, type Measurement } from '../lib/measurement.js';
import { sizeOf } from '../lib/sizes.js';
import { CHATS } from '../lib/topic.js';
import { chats, type Chat } from '../lib/workload.js';

const HOUR_MS = 3_600_000;
const YEAR = 12;
const LEFT_WITHIN_MS = 120_000;

export interface GrowthSettings {
  readonly months: number;
  readonly perMonth: number;
  readonly accounts: number;
}

/**
 * Plays a month after the other with a business clock that is set on: the month's events, every role until all of it is
 * counted, sent and the scheduler was round, a vacuum in place of the autovacuum of a month. What goes by the clock of the
 * machine (the outbox) is made a month older.
 */
export function growth(
  bench: Bench,
  what: string,
  options: EngineOptions,
  { months, perMonth, accounts }: GrowthSettings,
): Promise<Measurement> {
  return Counting.with(bench, options, async (counting) => {
    const { db } = counting;
    const surroundings = new Surroundings();
    const mails = await MailServer.start();
    const schemaId = await bench.schemaId(CHATS);
    const sizes: number[] = [];
    const wrong: string[] = [];
    const began = new Date();
    let sent = 0;
    try {
      for (let month = 0; month < months; month += 1) {
        const clock = Date.UTC(began.getUTCFullYear(), began.getUTCMonth() + month, 15, 12);
        const from = clock - 7 * HOUR_MS;
        const ids = new Set<string>();
        const events = chats({ events: perMonth, accounts, seed: month, from });
        sent += await fill(bench.kafka, CHATS, schemaId, counted(events, ids));
        const CLOCK_START = new Date(clock).toISOString();
        const engine = await counting.start({ ...mails.env, CLOCK_START });
        await counting.counted(sent);
        await counting.settled(LEFT_WITHIN_MS);
        await engine.ready();
        await counting.stop();
        const { rows } = await db.query<{ used: string }>(
          `select coalesce(sum(used), 0) as used from reporting.usage_windows
           where rule = 'chats-per-hour' and window_start >= $1`,
          [new Date(from)],
        );
        if (Number(rows[0]?.used) !== ids.size) {
          wrong.push(`month ${month + 1}: ${String(rows[0]?.used)} counted, not ${ids.size}`);
        }
        await db.query("update outbox set published_at = published_at - interval '31 days'");
        await db.query('vacuum');
        sizes.push(round(await sizeOf(db), 1));
        console.error(`month ${month + 1}: ${sizes.at(-1) ?? 0} MB`);
      }
    } finally {
      await counting.stop();
      await mails.stop();
    }
    const [first = 0] = sizes;
    const end = sizes.at(-1) ?? 0;
    const yearBefore = sizes.at(-1 - YEAR) ?? first;
    const values = {
      months,
      sizeYearBefore: yearBefore,
      sizeAtEnd: end,
      sizeRatio: round(end / yearBefore, 3),
    };
    const run = measured({ what, side: 'engine', wrong, values, ...surroundings.tell(0) });
    return { ...run, coresOfOthers: null, detail: { wrong, sizes } };
  });
}

/** The events as they are, their counted ids noted. */
function* counted(events: Iterable<Chat>, ids: Set<string>): Generator<Chat> {
  for (const event of events) {
    if (event.type === 'STARTED') ids.add(event.chatId);
    yield event;
  }
}
