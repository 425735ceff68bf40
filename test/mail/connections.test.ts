import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Connections } from '../../src/mail/send/connections.js';
import { sendLetter, type Control } from '../../src/mail/send/send.js';
import { mailServer } from '../../src/mail/send/server.js';
import type { Outcome } from '../../src/domain/notices/delivery/outcome.js';
import { until } from '../support/until.js';
import { scriptedServer, type Behaviour, type ScriptedServer } from './scriptedServer.js';

const never = new AbortController().signal;
const timeouts = { connectionMs: 2_000, greetingMs: 2_000, socketMs: 500, attemptMs: 20_000 };

let server: ScriptedServer;
let connections: Connections;
let begun: string[];
beforeEach(async () => {
  server = await scriptedServer();
  connections = new Connections(mailServer(server.url, false, timeouts));
  begun = [];
});
afterEach(async () => {
  connections.close();
  await server.stop();
});

function send(to = 'ada@example.com', control: Partial<Control> = {}): Promise<Outcome> {
  const raw = Buffer.from(`To: ${to}\r\n\r\nHello\r\n`);
  const begin = (): Promise<boolean> => {
    begun.push(to);
    return Promise.resolve(true);
  };
  return sendLetter(
    connections,
    { from: 'fair-use@example.com', to, raw },
    { begin, hurry: never, end: never, ...control },
  );
}

describe('a connection whose message was accepted', () => {
  it('takes the next ones, each begun by itself and whole', async () => {
    for (const to of ['a@example.com', 'b@example.com', 'c@example.com'])
      expect(await send(to)).toMatchObject({ kind: 'accepted' });
    expect(server.connections()).toBe(1);
    expect(begun).toEqual(['a@example.com', 'b@example.com', 'c@example.com']);
    expect(server.accepted.map(({ to, raw }) => [...to, raw.toString().split('\r\n')[0]])).toEqual([
      ['a@example.com', 'To: a@example.com'],
      ['b@example.com', 'To: b@example.com'],
      ['c@example.com', 'To: c@example.com'],
    ]);
  });

  it('is not shared by two at the same time', async () => {
    await send();
    const outcomes = await Promise.all([send('a@example.com'), send('b@example.com')]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['accepted', 'accepted']);
    expect(server.connections()).toBe(2);
  });

  it('is left when nobody needs it for a while, and at a stop', async () => {
    await send();
    expect(server.open()).toBe(1);
    await until(() => server.open() === 0);
    await send();
    connections.close();
    await until(() => server.open() === 0);
    await send();
    await until(() => server.open() === 0);
    expect(server.accepted).toHaveLength(3);
  });

  it('is left after a hundred messages', async () => {
    for (let n = 0; n < 101; n += 1) await send();
    expect(server.connections()).toBe(2);
    expect(server.accepted).toHaveLength(101);
  });
});

describe('a connection that is of no more use to the next message', () => {
  it.each<[string, Behaviour]>([
    ['ends with a word', { secondSender: 421 }],
    ['takes no further message', { secondSender: 452 }],
    ['takes none and sounds as if it were the message', { secondSender: 550 }],
  ])('%s: the message goes over a new one, in the same attempt', async (_, behaviour) => {
    server.script(behaviour);
    await send('a@example.com');
    expect(await send('b@example.com')).toMatchObject({ kind: 'accepted' });
    expect(server.connections()).toBe(2);
    expect(begun).toEqual(['a@example.com', 'b@example.com']);
    expect(server.accepted.map(({ to }) => to[0])).toEqual(['a@example.com', 'b@example.com']);
  });

  it('was broken by the server while it was free', async () => {
    await send();
    server.dropAll();
    await until(() => server.open() === 0);
    expect(await send()).toMatchObject({ kind: 'accepted' });
    expect(server.accepted).toHaveLength(2);
  });

  it.each<Behaviour>(['drop-at-recipient', 'silent-at-recipient'])('ends by %s', async (behaviour) => {
    await send('a@example.com');
    server.forRecipient('b@example.com', behaviour);
    // The new connection fares alike: an attempt is not repeated more than once.
    expect(await send('b@example.com')).toMatchObject({ kind: 'retry' });
    expect(server.connections()).toBe(2);
    expect(begun).toEqual(['a@example.com']);
  });
});

describe('what is said of a message over a connection that took others', () => {
  it.each<[Behaviour, string]>([
    [{ recipient: 450 }, 'retry'],
    [{ recipient: 550 }, 'refused'],
    [{ afterDot: 451 }, 'retry'],
    ['drop-after-dot', 'unknown'],
    ['silent-after-dot', 'unknown'],
  ])('%j means %s, as ever: once', async (behaviour, kind) => {
    await send('a@example.com');
    server.forRecipient('b@example.com', behaviour);
    expect(await send('b@example.com')).toMatchObject({ kind });
    expect(server.connections()).toBe(1);
    // What failed ends its connection.
    expect(await send('c@example.com')).toMatchObject({ kind: 'accepted' });
    expect(server.connections()).toBe(2);
  });

  it('has its attempt end in its time: another connection would have none', async () => {
    const short = { ...timeouts, socketMs: 20_000, attemptMs: 300 };
    connections = new Connections(mailServer(server.url, false, short));
    await send('a@example.com');
    server.forRecipient('b@example.com', 'silent-at-recipient');
    expect(await send('b@example.com')).toEqual({
      kind: 'retry',
      reason: 'the attempt took too long',
      loud: false,
    });
    expect(server.connections()).toBe(1);
  });

  it('does not send what belongs to another by now', async () => {
    await send('a@example.com');
    expect(await send('b@example.com', { begin: () => Promise.resolve(false) })).toEqual({ kind: 'lost' });
    expect(server.received).toHaveLength(1);
    expect(server.connections()).toBe(1);
  });

  it('gives up at a stop what sent nothing yet', async () => {
    await send('a@example.com');
    server.forRecipient('b@example.com', 'silent-at-recipient');
    const hurry = new AbortController();
    const outcome = send('b@example.com', { hurry: hurry.signal });
    await until(() => server.waiting() === 1);
    hurry.abort();
    expect(await outcome).toEqual({ kind: 'released' });
    expect(server.connections()).toBe(1);
  });
});
