import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { beginConnectionsFresh } from '../../src/kafka/freshConnections.js';
import { AnsweringServer, answerTo } from './answeringServer.js';

const SAID = 'said';

describe('a connection to Kafka that is made again', () => {
  beginConnectionsFresh();
  let server: AnsweringServer;
  afterEach(() => server.end());

  /** Answers the first connection's request by `first`, all others as they should be. */
  async function connected(first: (socket: Socket, answer: Buffer) => void): Promise<void> {
    server = await AnsweringServer.start((socket, request, connection) => {
      const answer = answerTo(request, Buffer.from(SAID));
      if (connection === 1) first(socket, answer);
      else socket.write(answer);
    });
  }

  const ask = async (): Promise<string> => (await server.ask()).toString();

  it.each([2, 6, 9])('reads its answers after one that broke off after %d bytes', async (bytes) => {
    await connected((socket, answer) => {
      socket.write(answer.subarray(0, bytes), () => setImmediate(() => socket.resetAndDestroy()));
    });
    await expect(ask()).rejects.toThrow(/connection/i);
    await server.connection.connect();
    expect(await ask()).toBe(SAID);
    expect(await ask()).toBe(SAID);
  });

  it('does not hear what still comes on the one before', async () => {
    let late: () => Promise<void> = () => Promise.resolve();
    await connected((socket, answer) => {
      socket.write(answer.subarray(0, 6));
      late = async () => {
        const closed = once(socket, 'close');
        socket.end(answer.subarray(6, 9));
        await closed;
      };
    });
    const unanswered = ask().catch((error: unknown) => error);
    await expect(unanswered).resolves.toMatchObject({ name: 'KafkaJSRequestTimeoutError' });
    await server.connection.disconnect();
    await server.connection.connect();
    await late();
    expect(await ask()).toBe(SAID);
    expect(await ask()).toBe(SAID);
  });
});
