import { describe, it, expect } from '@jest/globals';
import { encodeLine, parseLine, type PublishLine } from '../../../src/kafka/publish/line.js';
import { schemaType } from '../../../src/kafka/schemas.js';

const CHAT = {
  eventId: 'e-1',
  accountId: 'acc-1',
  workspaceId: 'w-1',
  botId: 'b-1',
  chatId: 'c-1',
  type: 'STARTED',
  occurredAt: 1_795_400_000_000,
};
const ACCOUNT = {
  accountId: 'acc-1',
  revision: 3,
  updatedAt: '2026-11-01T01:00:00+01:00',
  status: 'ACTIVE',
  plan: 'pro',
  ownerId: 'owner-1',
};

function read(line: unknown): PublishLine {
  const envelope = parseLine(typeof line === 'string' ? line : JSON.stringify(line));
  return envelope.ok ? encodeLine(envelope, 258) : envelope;
}

function problem(line: unknown): string {
  const result = read(line);
  return result.ok ? 'accepted' : result.problem;
}

const chat = (change: Record<string, unknown>): unknown => ({
  topic: 'platform.chats.v1',
  value: { ...CHAT, ...change },
});
const account = (change: Record<string, unknown>): unknown => ({
  topic: 'platform.accounts.v1',
  value: { ...ACCOUNT, ...change },
});

describe('a line to publish', () => {
  it('becomes a framed Avro record keyed by its account, absent fields by default', () => {
    const result = read(chat({}));
    if (!result.ok || result.value === null) throw new Error('not encoded');
    expect(result.key).toBe('acc-1');
    expect([...result.value.subarray(0, 5)]).toEqual([0, 0, 0, 1, 2]);
    expect({ ...schemaType('platform.chats.v1').fromBuffer(result.value.subarray(5)) }).toEqual({
      ...CHAT,
      channel: null,
    });
  });

  it('takes RFC 3339 times, nested lists and the defaults inside them', () => {
    const contacts = [{ name: 'Ada', email: 'ada@example.com', role: 'OWNER' }];
    const result = read(account({ contacts, billingAnchorDay: 31 }));
    if (!result.ok || result.value === null) throw new Error('not encoded');
    const decoded: unknown = schemaType('platform.accounts.v1').fromBuffer(result.value.subarray(5));
    expect(decoded).toMatchObject({
      updatedAt: Date.UTC(2026, 10, 1),
      isDeal: false,
      customerType: 'UNKNOWN',
      timeZone: 'UTC',
      billingAnchorDay: 31,
      contacts: [{ ...contacts[0], locale: null, notify: true }],
      workspaces: [],
    });
  });

  it('encodes a record larger than any before it', () => {
    const company = 'x'.repeat(100_000);
    const result = read(account({ company }));
    if (!result.ok || result.value === null) throw new Error('not encoded');
    const decoded: unknown = schemaType('platform.accounts.v1').fromBuffer(result.value.subarray(5));
    expect(decoded).toMatchObject({ company });
  });

  it('is a tombstone when its value is null and the key names the account', () => {
    const line = { topic: 'platform.accounts.v1', key: 'acc-1', value: null };
    expect(read(line)).toEqual({ ok: true, topic: line.topic, key: 'acc-1', value: null });
    expect(problem({ ...line, key: undefined })).toContain('a tombstone needs the account id');
    expect(problem({ ...line, key: '' })).toContain('must not be empty');
    expect(problem({ ...line, topic: 'platform.chats.v1' })).toContain('only platform.accounts.v1');
  });

  it.each([
    ['{', 'not JSON'],
    ['[]', 'not an object'],
    ['null', 'not an object'],
    [{ topic: 'platform.chats.v2', value: CHAT }, 'allowed: platform.accounts.v1'],
    [{ value: CHAT }, 'topic: is missing'],
    [{ topic: 'platform.chats.v1' }, 'value: is missing'],
    [{ topic: 'platform.chats.v1', value: CHAT, headers: {} }, 'headers: is not a member'],
    [{ topic: 'platform.chats.v1', value: CHAT, key: 'other' }, 'key: differs'],
    [{ topic: 'platform.chats.v1', value: [] }, 'an object is needed'],
    [chat({ colour: 'red' }), 'colour: is not a field'],
    [chat({ eventId: undefined }), 'eventId: is missing'],
    [chat({ eventId: 7 }), 'eventId: a string is needed, not 7'],
    [chat({ eventId: '' }), 'eventId: an id must not be empty'],
    [chat({ chatId: 'x'.repeat(201) }), 'chatId: an id has at most 200 characters'],
    [chat({ chatId: 'a\0b' }), 'chatId: an id must not contain U+0000'],
    ['{"topic":"platform.chats.v1","value":{"eventId":"\\ud800"}}', 'lone surrogate'],
    [chat({ type: 'PAUSED' }), 'type: one of STARTED, ENDED, UNKNOWN is needed, not "PAUSED"'],
    [chat({ channel: 5 }), 'channel: a string is needed'],
    [chat({ occurredAt: '2026-11-01 12:00' }), 'occurredAt: epoch milliseconds or an RFC 3339 time'],
    [chat({ occurredAt: 1.5 }), 'occurredAt: epoch milliseconds'],
    [account({ revision: 2 ** 53 }), 'revision: a whole number'],
    [account({ billingAnchorDay: 0 }), 'billingAnchorDay: must be from 1 to 31'],
    [account({ isDeal: 'yes' }), 'isDeal: true or false is needed'],
    [account({ contacts: {} }), 'contacts: a list is needed'],
    [account({ contacts: [{ name: 'A', role: 'OWNER' }] }), 'contacts[0].email: is missing'],
    [
      account({ workspaces: [{ workspaceId: 'w', name: 'W', websites: [{ url: 'x' }] }] }),
      'workspaces[0].websites[0].url: is not a field',
    ],
  ])('%j is refused: %s', (line, expected) => {
    expect(problem(line)).toContain(expected);
  });

  it('counts characters of an id, not code units', () => {
    expect(read(chat({ chatId: '😀'.repeat(200) })).ok).toBe(true);
    expect(read(chat({ chatId: '😀'.repeat(201) })).ok).toBe(false);
  });

  it('refuses a negative size', () => {
    const { botId, eventId, accountId, workspaceId, occurredAt } = CHAT;
    const value = {
      ...{ botId, eventId, accountId, workspaceId, occurredAt },
      ...{ uploadId: 'u', fileName: 'f', contentType: 'image/png', sizeBytes: -1 },
    };
    expect(problem({ topic: 'platform.uploads.v1', value })).toContain('sizeBytes: must not be negative');
  });
});
