import { beforeEach, describe, expect, it } from '@jest/globals';
import type { UsageEvent } from '../../../../src/domain/events.js';
import { Decoder } from '../../../../src/kafka/decode/decoder.js';
import { UsageReader } from '../../../../src/kafka/decode/usageReader.js';
import { IdArena } from '../../../../src/domain/counting/idChunk.js';
import { ToldTexts } from '../../../../src/roles/processor/toldTexts.js';
import { Intake } from '../../../../src/roles/processor/intake.js';
import { RecordNotKept } from '../../../../src/roles/processor/keptRecords.js';
import { TakeIn } from '../../../../src/roles/processor/reading/takeIn.js';
import { ARRIVED, chat, encoded, known, recordsOf, upload, writer } from '../../../kafka/decode/bytes.js';

const CHATS = 'platform.chats.v1' as const;
const UPLOADS = 'platform.uploads.v1' as const;
const uuid = (n: number): string => `0190b5e2-7c1d-7a3f-9e58-ab${String(n).padStart(10, '0')}`;
const occurredAt = ARRIVED - 5_000;

describe('what is taken in', () => {
  const decoder = new Decoder(known);
  const ids = { [CHATS]: writer(CHATS), [UPLOADS]: writer(UPLOADS) };

  let [accountIds, workspaceIds] = [new ToldTexts(), new ToldTexts()];

  beforeEach(() => {
    [accountIds, workspaceIds] = [new ToldTexts(), new ToldTexts()];
  });

  async function taken(takeIn: TakeIn): Promise<Intake> {
    await take(takeIn, CHATS, [
      chat({ occurredAt, eventId: uuid(1), chatId: uuid(2) }),
      chat({ occurredAt, eventId: 'no uuid' }),
      chat({ occurredAt, eventId: uuid(3).toUpperCase(), chatId: uuid(3).toUpperCase() }),
    ]);
    await take(takeIn, UPLOADS, [upload({ occurredAt, eventId: uuid(9), uploadId: uuid(8) })]);
    return handedOver(takeIn);
  }

  /** As the thread that counts has it. */
  function handedOver(takeIn: TakeIn): Intake {
    const taken = structuredClone(takeIn.handOver());
    const texts = {
      accountIds: accountIds.hear(taken.accountIds),
      workspaceIds: workspaceIds.hear(taken.workspaceIds),
    };
    return new Intake(taken, texts, new IdArena(), decoder);
  }

  async function take(takeIn: TakeIn, topic: keyof typeof ids, values: readonly unknown[]): Promise<void> {
    await decoder.prepare(topic, [ids[topic]]);
    const records = recordsOf(values.map((value) => encoded(ids[topic], value)));
    const range = { topic, partition: 3, fetchedFrom: 0, next: values.length, high: values.length };
    takeIn.take({ ...range, records }, 0, 0);
  }

  function eventsOf(intake: Intake): UsageEvent[] {
    const input = intake.accounts.get('a1');
    if (input === undefined) throw new Error('a1 is not there');
    return intake.rowsOf(input).map((row) => intake.columns.whole(row, 'a1'));
  }

  it('tells by which schemas records could be read, and of none that the registry did not know', async () => {
    const takeIn = new TakeIn(decoder);
    const UNKNOWN = 999_999;
    await take(takeIn, CHATS, [chat({ occurredAt })]);
    await decoder.prepare(CHATS, [UNKNOWN]);
    const bytes = encoded(ids[CHATS], chat({ occurredAt }));
    bytes.writeInt32BE(UNKNOWN, 1);
    const records = recordsOf([bytes]);
    takeIn.take({ topic: CHATS, partition: 3, fetchedFrom: 1, next: 2, high: 2, records }, 0, 0);
    const { writers, refused } = takeIn.handOver();
    expect(refused).toHaveLength(1);
    expect([...writers].map(([topic, of]) => [topic, [...of]])).toEqual([[CHATS, [ids[CHATS]]]]);
  });

  it('tells the same of events whether their records were kept or not', async () => {
    const takeIn = new TakeIn(decoder);
    const first = await taken(takeIn);
    const events = eventsOf(first).map(plain);
    expect(events.map(({ eventId }) => eventId)).toEqual([
      uuid(1),
      'no uuid',
      uuid(3).toUpperCase(),
      uuid(9),
    ]);
    expect(first.parkable(0, 'a1').record).toMatchObject({ topic: CHATS, partition: 3, offset: 0 });
    countedAs(takeIn, first, true);
    const second = await taken(takeIn);
    expect(eventsOf(second).map(plain)).toEqual(events);
    expect(() => second.parkable(0, 'a1')).toThrow(RecordNotKept);
    for (const row of [1, 2, 3]) expect(second.parkable(row, 'a1').record.offset).toBe(row % 3);
  });

  it('keeps all records of accounts that were not known when they were counted, or are forgotten', async () => {
    const takeIn = new TakeIn(decoder);
    countedAs(takeIn, await taken(takeIn), false);
    const second = await taken(takeIn);
    expect(second.parkable(0, 'a1').event.eventId).toBe(uuid(1));
    countedAs(takeIn, second, true);
    takeIn.forget();
    expect((await taken(takeIn)).parkable(0, 'a1').event.eventId).toBe(uuid(1));
  });

  it('begins anew in the memory of an intake that was counted', async () => {
    const takeIn = new TakeIn(decoder);
    const buffers = new Set<SharedArrayBuffer>();
    for (let n = 0; n < 6; n += 1) {
      const intake = await taken(takeIn);
      buffers.add(takeIn.open.columns.buffer);
      expect(intake.records).toBe(4);
      expect(eventsOf(intake)).toHaveLength(4);
      takeIn.takeBack(intake.newlyKnown());
    }
    expect(buffers.size).toBe(2);
  });

  it('has every event with its account when accounts are numbered anew while some are being counted', async () => {
    const takeIn = new TakeIn(decoder, new UsageReader(4));
    const of = (accountId: string, n: number) => chat({ occurredAt, accountId, eventId: uuid(n) });
    await take(takeIn, CHATS, [of('first', 0)]);
    countedAs(takeIn, handedOver(takeIn), true);
    await take(takeIn, CHATS, [of('first', 1), of('a', 2), of('b', 3), of('c', 4)]);
    const counted = handedOver(takeIn);
    // It has the number now that the first account has in what is being counted.
    await take(takeIn, CHATS, [of('next', 5)]);
    for (const input of counted.accounts.values()) input.known = true;
    expect(counted.newlyKnown()).toEqual([1, 2, 3]);
    takeIn.takeBack(counted.newlyKnown());
    await take(takeIn, CHATS, [of('next', 6), of('a', 7)]);
    const next = handedOver(takeIn);
    expect(eventIdsOf(counted)).toEqual({ first: [uuid(1)], a: [uuid(2)], b: [uuid(3)], c: [uuid(4)] });
    expect(eventIdsOf(next)).toEqual({ next: [uuid(5), uuid(6)], a: [uuid(7)] });
    // Nobody knows yet whether they are known.
    for (const row of [0, 1, 2]) expect(next.parkable(row, '').record.offset).toBe([0, 0, 1][row]);
  });

  it('does not hand over an intake while another is being counted', async () => {
    const takeIn = new TakeIn(decoder);
    await taken(takeIn);
    expect(() => takeIn.handOver()).toThrow('being counted');
  });
});

function countedAs(takeIn: TakeIn, intake: Intake, isKnown: boolean): void {
  for (const input of intake.accounts.values()) input.known = isKnown;
  takeIn.takeBack(intake.newlyKnown());
}

function eventIdsOf(intake: Intake): Record<string, string[]> {
  const ids = [...intake.accounts].map(([accountId, input]) => [
    accountId,
    intake.rowsOf(input).map((row) => intake.columns.whole(row, accountId).eventId),
  ]);
  return Object.fromEntries(ids) as Record<string, string[]>;
}

/** Bytes as text: a view of them and a copy are the same. */
function plain(event: UsageEvent): Omit<UsageEvent, 'idHash'> & { idHash: string } {
  return { ...event, idHash: Buffer.from(event.idHash).toString('hex') };
}
