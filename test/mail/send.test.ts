import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { Connections } from '../../src/mail/send/connections.js';
import { sendLetter, type Control } from '../../src/mail/send/send.js';
import { mailServer, type Timeouts } from '../../src/mail/send/server.js';
import { until } from '../support/until.js';
import { scriptedServer, type Behaviour, type ScriptedServer } from './scriptedServer.js';

const letter = {
  from: 'fair-use@example.com',
  to: 'ada@example.com',
  raw: Buffer.from('Subject: Hello\r\n\r\n.A line that begins with a dot\r\n'),
};
const impatient: Timeouts = { connectionMs: 500, greetingMs: 500, socketMs: 500, attemptMs: 5_000 };

interface Watched extends Control {
  readonly begun: () => number;
  readonly hurryUp: () => void;
  readonly endNow: () => void;
}

function control(begin: () => Promise<boolean> = () => Promise.resolve(true)): Watched {
  const hurry = new AbortController();
  const end = new AbortController();
  let begun = 0;
  return {
    hurry: hurry.signal,
    end: end.signal,
    begin: () => {
      begun += 1;
      return begin();
    },
    begun: () => begun,
    hurryUp: () => hurry.abort(),
    endNow: () => end.abort(),
  };
}

let server: ScriptedServer;
beforeEach(async () => {
  server = await scriptedServer();
});
afterEach(() => server.stop());

const send = (watched: Control = control(), timeouts = impatient, url = server.url) =>
  sendLetter(new Connections(mailServer(url, false, timeouts)), letter, watched);

describe('an accepted message', () => {
  it('arrives byte for byte', async () => {
    expect(await send()).toMatchObject({ kind: 'accepted' });
    expect(server.accepted).toHaveLength(1);
    expect(server.accepted[0]!.raw.equals(letter.raw)).toBe(true);
    expect(server.accepted[0]).toMatchObject({ from: letter.from, to: [letter.to] });
  });

  it('was on record as begun before the server had a byte of it', async () => {
    let seenByThen = -1;
    const watched = control(async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      seenByThen = server.received.length;
      return true;
    });
    await send(watched);
    expect(watched.begun()).toBe(1);
    expect(seenByThen).toBe(0);
  });
});

describe('an answer', () => {
  it.each<[Behaviour, string, number, boolean | null]>([
    [{ recipient: 450 }, 'retry', 0, false],
    [{ recipient: 550 }, 'refused', 0, null],
    [{ sender: 451 }, 'retry', 0, false],
    [{ sender: 553 }, 'refused', 0, null],
    [{ sender: 530 }, 'retry', 0, true],
    [{ afterDot: 451 }, 'retry', 1, false],
    [{ afterDot: 421 }, 'retry', 1, false],
    [{ afterDot: 554 }, 'refused', 1, null],
    [{ connect: 421 }, 'retry', 0, false],
    [{ connect: 554 }, 'retry', 0, true],
  ])('%j means %s', async (behaviour, kind, begun, loud) => {
    server.script(behaviour);
    const watched = control();
    const outcome = await send(watched);
    expect(outcome.kind).toBe(kind);
    expect(watched.begun()).toBe(begun);
    if (outcome.kind === 'retry') expect(outcome.loud).toBe(loud);
    if (outcome.kind === 'refused') expect(outcome.answer).toMatch(/^5\d\d .*scripted/);
  });
});

describe('no answer', () => {
  it('before the data is retried', async () => {
    server.script('drop-at-recipient', 'silent-at-recipient');
    const [dropped, silent] = [control(), control()];
    expect(await send(dropped)).toMatchObject({ kind: 'retry', loud: false });
    expect(await send(silent)).toMatchObject({ kind: 'retry', loud: false });
    expect([dropped.begun(), silent.begun()]).toEqual([0, 0]);
  });

  it('after the data is unknown', async () => {
    server.script('drop-after-dot', 'silent-after-dot');
    expect(await send()).toMatchObject({ kind: 'unknown' });
    expect(await send()).toMatchObject({ kind: 'unknown' });
    expect(server.received).toHaveLength(2);
  });

  it('within the time of the whole attempt is unknown too', async () => {
    server.script('silent-after-dot');
    const patient = { ...impatient, socketMs: 60_000, attemptMs: 300 };
    expect(await send(control(), patient)).toEqual({ kind: 'unknown', reason: 'the attempt took too long' });
  });
});

describe('a server that is not there', () => {
  it('is retried', async () => {
    const { port } = server;
    await server.stop();
    const outcome = await send(control(), impatient, `smtp://127.0.0.1:${port}`);
    expect(outcome).toMatchObject({ kind: 'retry', loud: false });
    server = await scriptedServer();
  });

  it('is retried when it takes the connection and says nothing, or nonsense', async () => {
    for (const greeting of ['', 'HTTP/1.1 400 Bad Request\r\n\r\n']) {
      const mute = await rawServer((write) => write(greeting));
      expect(await send(control(), impatient, mute.url)).toMatchObject({ kind: 'retry' });
      mute.close();
    }
  });
});

describe('half an answer after the data', () => {
  it('is none', async () => {
    const lines = ['220 hello\r\n', '250 hello\r\n', '250 ok\r\n', '250 ok\r\n', '354 go on\r\n', '550 no'];
    const server = await rawServer((write, close) => {
      write(lines.shift() ?? '');
      if (lines.length === 0) close();
    });
    expect(await send(control(), impatient, server.url)).toMatchObject({ kind: 'unknown' });
    server.close();
  });
});

describe('an attempt that may not send', () => {
  it('sends nothing when another one owns it', async () => {
    expect(await send(control(() => Promise.resolve(false)))).toEqual({ kind: 'lost' });
    expect(server.received).toHaveLength(0);
  });

  it('sends nothing and is retried when the beginning cannot be recorded', async () => {
    expect(await send(control(() => Promise.reject(new Error('no database'))))).toMatchObject({
      kind: 'retry',
      reason: 'no database',
    });
    expect(server.received).toHaveLength(0);
  });
});

describe('a shutdown', () => {
  it('stops an attempt that sent nothing yet', async () => {
    server.script('silent-at-recipient');
    const watched = control();
    const outcome = send(watched, { ...impatient, socketMs: 60_000 });
    await until(() => server.connections() === 1);
    watched.hurryUp();
    expect(await outcome).toEqual({ kind: 'released' });
  });

  it('stops an attempt whose beginning is just being recorded', async () => {
    let record: (allowed: boolean) => void = () => undefined;
    const watched = control(() => new Promise((resolve) => (record = resolve)));
    const outcome = send(watched);
    await until(() => watched.begun() === 1);
    watched.hurryUp();
    record(true);
    expect(await outcome).toEqual({ kind: 'released' });
    expect(server.received).toHaveLength(0);
  });

  it('leaves sent data the time for its answer', async () => {
    server.script('silent-after-dot');
    const watched = control();
    const outcome = send(watched, { ...impatient, socketMs: 60_000 });
    await until(() => server.received.length === 1);
    watched.hurryUp();
    server.release();
    expect(await outcome).toMatchObject({ kind: 'accepted' });
  });

  it('calls sent data without an answer unknown in the end', async () => {
    server.script('silent-after-dot');
    const watched = control();
    const outcome = send(watched, { ...impatient, socketMs: 60_000 });
    await until(() => server.received.length === 1);
    watched.endNow();
    expect(await outcome).toMatchObject({ kind: 'unknown' });
  });

  it('does not begin what had not begun', async () => {
    const watched = control();
    watched.hurryUp();
    expect(await send(watched)).toEqual({ kind: 'released' });
    expect(server.connections()).toBe(0);
  });
});

describe('security', () => {
  it('is required where it is required', async () => {
    const outcome = await sendLetter(
      new Connections(mailServer(server.url, true, impatient)),
      letter,
      control(),
    );
    expect(outcome).toMatchObject({ kind: 'retry', loud: true });
    expect(server.received).toHaveLength(0);
  });

  it('trusts no unknown certificate where it is required, and takes what it gets where it is not', async () => {
    const encrypted = await scriptedServer({ disabledCommands: [] });
    const strict = await sendLetter(
      new Connections(mailServer(encrypted.url, true, impatient)),
      letter,
      control(),
    );
    expect(strict).toMatchObject({ kind: 'retry' });
    expect(encrypted.received).toHaveLength(0);
    expect(await send(control(), impatient, encrypted.url)).toMatchObject({ kind: 'accepted' });
    await encrypted.stop();
  });

  it('authenticates, and retries loudly when the credentials are refused', async () => {
    const guarded = await scriptedServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, callback) => {
        if (username === 'mail er' && password === 'p@ss:word') callback(null, { user: username });
        else callback(new Error('no'));
      },
    });
    const url = (password: string) => `smtp://mail%20er:${password}@127.0.0.1:${guarded.port}`;
    expect(await send(control(), impatient, url('p%40ss%3Aword'))).toMatchObject({ kind: 'accepted' });
    const refused = await send(control(), impatient, url('wrong'));
    expect(refused).toMatchObject({ kind: 'retry', loud: true });
    expect(JSON.stringify(refused)).not.toContain('wrong');
    await guarded.stop();
  });
});

describe('mailServer', () => {
  it('reads the ports that each scheme has', () => {
    expect(mailServer('smtp://mail.example.com', true).connection).toMatchObject({
      host: 'mail.example.com',
      port: 587,
      secure: false,
      requireTLS: true,
    });
    expect(mailServer('smtps://mail.example.com', true).connection).toMatchObject({
      port: 465,
      secure: true,
    });
    expect(mailServer('smtp://[::1]:25', false).connection).toMatchObject({ host: '::1', port: 25 });
  });

  it.each(['', 'mail.example.com', 'http://user:secret@mail.example.com', 'smtp://'])('refuses %j', (url) => {
    expect(() => mailServer(url, false)).toThrow(TypeError);
    expect(() => mailServer(url, false)).not.toThrow(/secret/);
  });
});

interface RawServer {
  readonly url: string;
  close(): void;
}

/** Answers every chunk that arrives, and the connection itself, by what `answer` writes. */
async function rawServer(
  answer: (write: (text: string) => void, close: () => void) => void,
): Promise<RawServer> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    const respond = () =>
      answer(
        (text) => socket.write(text),
        () => socket.end(),
      );
    socket.on('data', respond);
    respond();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}
