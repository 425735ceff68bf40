import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Decoded } from '../../../src/kafka/decode/decoded.js';
import { FetchedRecords } from '../../../src/kafka/consumer/fetchedRecords.js';
import { Decoder } from '../../../src/kafka/decode/decoder.js';
import { schemaIdsOf } from '../../../src/kafka/decode/wireFormat.js';
import { frame } from '../../../src/kafka/schemas.js';
import type { InputTopic } from '../../../src/kafka/topics.js';
import { account, ARRIVED, chat, encoded, known, reply, upload, withRawBytes, writer } from './bytes.js';

const CHATS = 'platform.chats.v1';
const ACCOUNTS = 'platform.accounts.v1';
const UPLOADS = 'platform.uploads.v1';
const REPLIES = 'platform.replies.v1';
const DAY = 86_400_000;

async function decode(
  topic: InputTopic,
  value: Buffer | null,
  key: Buffer | null = Buffer.from('a1'),
): Promise<Decoded> {
  const decoder = new Decoder(known);
  const record = { topic, key, value, arrivedAt: ARRIVED };
  await decoder.prepare(topic, schemaIdsOf(recordsOf(record.value)));
  return decoder.decode(record);
}
const chats = writer(CHATS);
const uploads = writer(UPLOADS);
const accounts = writer(ACCOUNTS);
const replies = writer(REPLIES);
const reasonOf = (decoded: Decoded): string =>
  decoded.kind === 'refused' ? decoded.refusal.reason : decoded.kind;

describe('what counts', () => {
  it('is a chat that started, remembered by its id and counted at its time', async () => {
    const decoded = await decode(CHATS, encoded(chats, chat({ occurredAt: ARRIVED - 7 })));
    const idHash = createHash('sha256').update('c1').digest().subarray(0, 16);
    // Where a UUID has its version, and its variant.
    idHash[6] = 0xf0 | ((idHash[6] ?? 0) & 0x0f);
    idHash[8] = 0x80 | ((idHash[8] ?? 0) & 0x3f);
    expect(decoded).toEqual({
      kind: 'usage',
      event: {
        metric: 'chats',
        eventId: 'e1',
        accountId: 'a1',
        workspaceId: 'w1',
        idHash,
        amount: 1,
        occurredAt: ARRIVED - 7,
        arrivedAt: ARRIVED,
      },
    });
  });

  it.each(['ENDED', 'UNKNOWN'])('is not a chat event of type %s', async (type) => {
    expect(await decode(CHATS, encoded(chats, chat({ type })))).toEqual({ kind: 'uncounted' });
  });

  it('of an upload keeps what tells its file from others, in text that Postgres takes', async () => {
    const decoded = await decode(
      UPLOADS,
      encoded(uploads, upload({ uploadId: 'u7', botId: 'b7', fileName: 'a\0b' })),
    );
    const file = { uploadId: 'u7', fileName: 'a\ufffdb', botId: 'b7' };
    expect(decoded).toMatchObject({ kind: 'usage', event: { upload: file } });
  });

  it('is the size of an upload, nothing included', async () => {
    for (const sizeBytes of [0, 6 * 2 ** 20, 2 ** 50]) {
      const decoded = await decode(UPLOADS, encoded(uploads, upload({ sizeBytes })));
      expect(decoded).toMatchObject({ kind: 'usage', event: { metric: 'upload_bytes', amount: sizeBytes } });
    }
  });

  it('goes to the account of the value where the key says another', async () => {
    const decoded = await decode(CHATS, encoded(chats, chat()), Buffer.from('someone-else'));
    expect(decoded).toMatchObject({ kind: 'usage', event: { accountId: 'a1' } });
  });
});

describe('time', () => {
  it.each([
    [-35 * DAY, 'usage'],
    [-35 * DAY - 1, 'TOO_LATE'],
    [10 * 60_000, 'usage'],
    [10 * 60_000 + 1, 'FUTURE'],
  ])('%d ms from its arrival: %s', async (offset, reason) => {
    expect(reasonOf(await decode(CHATS, encoded(chats, chat({ occurredAt: ARRIVED + offset }))))).toBe(
      reason,
    );
    expect(reasonOf(await decode(UPLOADS, encoded(uploads, upload({ occurredAt: ARRIVED + offset }))))).toBe(
      reason,
    );
  });

  it.each([8e15, 8.64e15, 2 ** 53 - 2, -(2 ** 53 - 2), -62_135_596_800_001, 253_402_300_800_000])(
    'that no calendar of the database holds is INVALID: %d',
    async (ms) => {
      expect(reasonOf(await decode(REPLIES, encoded(replies, reply({ occurredAt: ms }))))).toBe('INVALID');
      expect(reasonOf(await decode(ACCOUNTS, encoded(accounts, account({ updatedAt: ms }))))).toBe('INVALID');
      expect(reasonOf(await decode(CHATS, encoded(chats, chat({ occurredAt: ms }))))).toBe('INVALID');
    },
  );
});

describe('ids', () => {
  const emoji = '\u{1f600}';
  it.each([
    ['', 'INVALID'],
    ['x', 'usage'],
    ['x'.repeat(200), 'usage'],
    ['x'.repeat(201), 'INVALID'],
    [emoji.repeat(200), 'usage'],
    [emoji.repeat(201), 'INVALID'],
    ['a\0b', 'INVALID'],
    [' ', 'usage'],
  ])('%j: %s, in every field', async (id, reason) => {
    for (const field of ['eventId', 'accountId', 'workspaceId', 'botId', 'chatId']) {
      const decoded = await decode(CHATS, encoded(chats, chat({ [field]: id })));
      expect(reasonOf(decoded)).toBe(reason);
      if (decoded.kind === 'refused') expect(decoded.refusal.detail).toMatch(field);
    }
    const other = reason === 'usage' ? 'account' : reason;
    for (const change of [
      { accountId: id },
      { ownerId: id },
      { workspaces: [{ workspaceId: id, name: '', websites: [] }] },
    ]) {
      expect(reasonOf(await decode(ACCOUNTS, encoded(accounts, account(change))))).toBe(other);
    }
  });

  it('of broken UTF-8 are INVALID instead of colliding', async () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      const value = withRawBytes(CHATS, chats, chat(), { chatId: Buffer.from(bytes) });
      expect(reasonOf(await decode(CHATS, value))).toBe('INVALID');
    }
  });

  it('keep their detail fit for the database', async () => {
    const decoded = await decode(CHATS, encoded(chats, chat({ chatId: 'a\0b' })));
    expect(decoded.kind === 'refused' && decoded.refusal.detail.includes('\0')).toBe(false);
  });
});

describe('other text', () => {
  it('is taken with what cannot be kept replaced', async () => {
    const value = withRawBytes(ACCOUNTS, accounts, account(), { locale: Buffer.from([0x65, 0xff, 0]) });
    expect(await decode(ACCOUNTS, value)).toMatchObject({
      kind: 'account',
      event: { snapshot: { locale: 'e\ufffd\ufffd', revision: 3 } },
    });
  });
});

describe('records that are none', () => {
  it.each([
    ['no value', null, 'EMPTY'],
    ['no bytes', Buffer.alloc(0), 'EMPTY'],
    ['fewer than five bytes', Buffer.from([0, 0, 0, 0]), 'UNDECODABLE'],
    ['another magic byte', Buffer.from([1, 0, 0, 0, 1, 2]), 'UNDECODABLE'],
    ['JSON', Buffer.from('{"eventId":"e1"}'), 'UNDECODABLE'],
    ['a head alone', frame(chats, Buffer.alloc(0)), 'UNDECODABLE'],
    ['a schema nobody knows', frame(999_999, Buffer.from([2])), 'UNKNOWN_SCHEMA'],
    ['the schema of another topic', encoded(replies, reply()), 'UNDECODABLE'],
    ['truncated', encoded(chats, chat()).subarray(0, -1), 'UNDECODABLE'],
    ['trailing bytes', Buffer.concat([encoded(chats, chat()), Buffer.from([0])]), 'UNDECODABLE'],
  ])('%s', async (_, value, reason) => {
    expect(reasonOf(await decode(CHATS, value))).toBe(reason);
  });

  it('are refused for longs that no number holds', async () => {
    const bytes = encoded(uploads, upload({ sizeBytes: 0, occurredAt: 0 }));
    const tenBytes = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    const value = Buffer.concat([bytes.subarray(0, -2), tenBytes, Buffer.from([0])]);
    expect(reasonOf(await decode(UPLOADS, value))).toBe('UNDECODABLE');
  });

  it('are uploads of less than nothing', async () => {
    expect(reasonOf(await decode(UPLOADS, encoded(uploads, upload({ sizeBytes: -1 }))))).toBe('INVALID');
  });
});

describe('tombstones', () => {
  it('are accounts without a value, named by the key', async () => {
    const decoded = await decode(ACCOUNTS, null, Buffer.from('a9'));
    expect(decoded).toEqual({
      kind: 'account',
      event: { accountId: 'a9', snapshot: null, arrivedAt: ARRIVED },
    });
  });

  it.each([null, Buffer.alloc(0), Buffer.from([0xff]), Buffer.from('a\0')])(
    'with the key %j are INVALID',
    async (key) => {
      expect(reasonOf(await decode(ACCOUNTS, null, key))).toBe('INVALID');
    },
  );

  it('do not exist elsewhere: no bytes are EMPTY, also on the accounts topic', async () => {
    expect(reasonOf(await decode(ACCOUNTS, Buffer.alloc(0)))).toBe('EMPTY');
  });
});

describe('other releases of the platform', () => {
  type Field = { name: string; type: unknown; default?: unknown };
  const fields = (change: (fields: Field[]) => Field[]) => (schema: Record<string, unknown>) => ({
    ...schema,
    fields: change(schema['fields'] as Field[]),
  });

  it('may add an optional field', async () => {
    const id = writer(
      CHATS,
      fields((all) => [{ name: 'mood', type: ['null', 'string'], default: null }, ...all]),
    );
    expect(reasonOf(await decode(CHATS, encoded(id, { mood: 'fine', ...chat() })))).toBe('usage');
  });

  it('may drop an optional field', async () => {
    const id = writer(
      CHATS,
      fields((all) => all.filter(({ name }) => name !== 'channel')),
    );
    expect(reasonOf(await decode(CHATS, encoded(id, chat())))).toBe('usage');
    const optional = new Set([
      'company',
      'locale',
      'timeZone',
      'contacts',
      'workspaces',
      'isDeal',
      'customerType',
      'billingAnchorDay',
    ]);
    const bare = writer(
      ACCOUNTS,
      fields((all) => all.filter(({ name }) => !optional.has(name))),
    );
    expect(await decode(ACCOUNTS, encoded(bare, account()))).toMatchObject({
      event: {
        snapshot: { locale: 'en', timeZone: 'UTC', isDeal: false, customerType: 'UNKNOWN', contacts: [] },
      },
    });
  });

  it('may not drop what is needed', async () => {
    const id = writer(
      CHATS,
      fields((all) => all.filter(({ name }) => name !== 'chatId')),
    );
    expect(reasonOf(await decode(CHATS, encoded(id, chat())))).toBe('UNDECODABLE');
  });

  const withSymbol = (field: string, symbol: string) =>
    fields((all) =>
      all.map((f) => {
        if (f.name !== field) return f;
        const type = f.type as { symbols: string[] };
        return { ...f, type: { ...type, symbols: [...type.symbols.slice(0, -1), symbol, 'UNKNOWN'] } };
      }),
    );

  it('may add symbols: a type not known here is not counted, a status not known is UNKNOWN', async () => {
    const id = writer(CHATS, withSymbol('type', 'PAUSED'));
    expect(reasonOf(await decode(CHATS, encoded(id, chat({ type: 'PAUSED' }))))).toBe('uncounted');
    expect(reasonOf(await decode(CHATS, encoded(id, chat({ type: 'STARTED' }))))).toBe('usage');
    const status = writer(ACCOUNTS, withSymbol('status', 'FROZEN'));
    expect(await decode(ACCOUNTS, encoded(status, account({ status: 'FROZEN' })))).toMatchObject({
      event: { snapshot: { status: 'UNKNOWN' } },
    });
  });
});

function recordsOf(value: Buffer | null): FetchedRecords {
  const bytes = value ?? Buffer.alloc(0);
  const records = new FetchedRecords(bytes, 1);
  records.add(0, 0, -1, -1, value === null ? -1 : 0, bytes.length);
  return records;
}
