import { setImmediate as turn } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { UsageTable } from '../../../../src/domain/counting/usageColumns.js';
import type { FetchedBatch } from '../../../../src/kafka/consumer/inputConsumer.js';
import { Decoder } from '../../../../src/kafka/decode/decoder.js';
import { Gathering } from '../../../../src/roles/processor/reading/gathering.js';
import { Positions } from '../../../../src/roles/processor/reading/positions.js';
import type { TakenIn } from '../../../../src/roles/processor/takenIn.js';
import { until } from '../../../support/until.js';
import { ARRIVED, chat, encoded, known, recordsOf, writer } from '../../../kafka/decode/bytes.js';

const TOPIC = 'platform.chats.v1' as const;
const MANY_TURNS = 50;
const chats = writer(TOPIC);
const value = encoded(chats, chat({ occurredAt: ARRIVED - 1_000 }));

describe('what is gathered for the next transaction', () => {
  const decoder = new Decoder(known);
  let positions: Positions;
  let gathering: Gathering;
  let [handed, gaps, fatal]: [TakenIn[], number, unknown[]] = [[], 0, []];

  beforeAll(async () => {
    await decoder.prepare(TOPIC, [chats]);
  });

  beforeEach(() => {
    [positions, handed, gaps, fatal] = [new Positions(), [], 0, []];
    gathering = new Gathering({
      ...{ decoder, positions, shiftMs: 0 },
      onIntake: (taken) => handed.push(taken),
      onGap: () => (gaps += 1),
      onTrouble: (reason) => fatal.push(reason),
      onFatal: (error) => fatal.push(error),
    });
    begin(0, 1);
  });

  function begin(...partitions: number[]): void {
    for (const partition of partitions) {
      positions.begin({ topic: TOPIC, partition, low: 0, high: 1_000 }, undefined);
    }
  }

  /** Nothing was in the way, and nothing more is handed over however long one waits. */
  async function handedOver(intakes: number): Promise<void> {
    await until(() => handed.length >= intakes || fatal.length > 0);
    for (let n = 0; n < MANY_TURNS; n += 1) await turn();
    expect(fatal).toEqual([]);
    expect(handed).toHaveLength(intakes);
  }

  const rangesOf = (n: number, of: number) =>
    handed[n]?.ranges.flatMap(({ partition, fetchedFrom, next }) =>
      partition === of ? [[fetchedFrom, next]] : [],
    );
  const stepsOf = (n: number) =>
    handed[n]?.steps.map(({ partition, expected, next }) => ({ partition, expected, next }));

  it('is at most 200 records of each partition first, and then the rest', async () => {
    const fetched = [gathering.submit(batch(0, 0, 500)), gathering.submit(batch(1, 0, 300))];
    await handedOver(1);
    expect(handed[0]).toMatchObject({ records: 400, rows: 400 });
    expect(stepsOf(0)).toEqual([
      { partition: 0, expected: 0, next: 200 },
      { partition: 1, expected: 0, next: 200 },
    ]);
    expect(await Promise.all(fetched)).toEqual([true, true]);
    expect(await gathering.submit(batch(0, 500, 510))).toBe(true);
    await handedOver(1);
    gathering.takeBack(true, []);
    await handedOver(2);
    expect(handed[1]).toMatchObject({ records: 410, rows: 410 });
    expect(stepsOf(1)).toEqual([
      { partition: 0, expected: 200, next: 510 },
      { partition: 1, expected: 200, next: 300 },
    ]);
    expect([rangesOf(0, 0), rangesOf(1, 0)]).toEqual([
      [[0, 200]],
      [
        [200, 500],
        [500, 510],
      ],
    ]);
    gathering.takeBack(true, []);
    expect(await gathering.submit(batch(1, 300, 900))).toBe(true);
    await handedOver(3);
    expect(handed[2]).toMatchObject({ records: 600, rows: 600 });
  });

  it('is not ours from the moment it is forgotten until positions are begun again', async () => {
    expect(await gathering.submit(batch(0, 0, 100))).toBe(true);
    gathering.forget();
    expect(await gathering.submit(batch(0, 100, 110))).toBe(false);
    await handedOver(0);
    begin(0);
    expect(await gathering.submit(batch(0, 0, 50))).toBe(true);
    await handedOver(1);
    expect(handed[0]?.rows).toBe(50);
    expect(stepsOf(0)).toEqual([{ partition: 0, expected: 0, next: 50 }]);
    expect(gaps).toBe(0);
  });

  it('does not take in the rest of a batch whose first records were forgotten', async () => {
    const long = gathering.submit(batch(0, 0, 500));
    // Taken in after it, so its first records are in, too.
    expect(await gathering.submit(batch(1, 0, 10))).toBe(true);
    gathering.forget();
    expect(await long).toBe(false);
    await handedOver(0);
  });

  it.each([true, false])('begins small again, whether what was lent was counted (%s)', async (counted) => {
    expect(await gathering.submit(batch(0, 0, 10))).toBe(true);
    await handedOver(1);
    gathering.takeBack(true, []);
    expect(await gathering.submit(batch(0, 10, 500))).toBe(true);
    await handedOver(2);
    expect(handed[1]?.rows).toBe(490);
    gathering.forget();
    expect(await gathering.submit(batch(0, 500, 510))).toBe(false);
    gathering.takeBack(counted, []);
    await handedOver(2);
    begin(0);
    expect(await gathering.submit(batch(0, 0, 500))).toBe(true);
    await handedOver(3);
    expect(handed[2]?.rows).toBe(200);
    expect(stepsOf(2)).toEqual([{ partition: 0, expected: 0, next: 200 }]);
  });

  it('leaves alone what is lent, also when what came after it is forgotten', async () => {
    expect(await gathering.submit(batch(0, 0, 150))).toBe(true);
    await handedOver(1);
    const lent = arrivalsIn(handed[0]);
    expect(lent).toEqual(Array.from({ length: 150 }, () => ARRIVED));
    expect(await gathering.submit(batch(0, 150, 200, ARRIVED + 1))).toBe(true);
    gathering.forget();
    begin(0);
    expect(await gathering.submit(batch(0, 0, 150, ARRIVED + 2))).toBe(true);
    await handedOver(1);
    expect(arrivalsIn(handed[0])).toEqual(lent);
    gathering.takeBack(false, []);
    await handedOver(2);
    expect(arrivalsIn(handed[1])).toEqual(Array.from({ length: 150 }, () => ARRIVED + 2));
  });

  it('has no gap in it', async () => {
    expect(await gathering.submit(batch(0, 10, 20))).toBe(false);
    expect(gaps).toBe(1);
    await handedOver(0);
  });

  it('lets go of whoever waits when it is stopped', async () => {
    const long = gathering.submit(batch(0, 0, 500));
    expect(await gathering.submit(batch(1, 0, 10))).toBe(true);
    gathering.stop();
    expect(await long).toBe(false);
    await handedOver(0);
  });
});

/** Chats of one account, fetched from one offset to before another. */
function batch(partition: number, from: number, next: number, arrivedAt = ARRIVED): FetchedBatch {
  const records = recordsOf(
    Array.from({ length: next - from }, () => value),
    from,
  );
  records.times.fill(arrivedAt);
  return { topic: TOPIC, partition, fetchedFrom: from, next, high: next, records };
}

/** What the memory of an intake says now of when its records arrived. */
function arrivalsIn(taken: TakenIn | undefined): number[] {
  if (taken === undefined) throw new Error('nothing was handed over');
  return [...new UsageTable(taken.columns).arrivedAt.subarray(0, taken.rows)];
}
