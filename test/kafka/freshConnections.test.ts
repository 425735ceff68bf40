import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { beginConnectionsFresh } from '../../src/kafka/freshConnections.js';

interface Connection {
  connect(): Promise<boolean>;
  disconnect(): Promise<boolean>;
  send(request: object): Promise<unknown>;
}

const require = createRequire(import.meta.url);
const Connection = require('kafkajs/src/network/connection') as new (settings: object) => Connection;
const Encoder = require('kafkajs/src/protocol/encoder') as new () => object;
const socketFactory = (require('kafkajs/src/network/socketFactory') as () => unknown)();

const SAID = 'said';
/** Size, the request's number, and what is said. */
function answerTo(request: Buffer): Buffer {
  const answer = Buffer.alloc(8 + SAID.length);
  answer.writeInt32BE(4 + SAID.length, 0);
  answer.writeInt32BE(request.readInt32BE(8), 4);
  answer.write(SAID, 8);
  return answer;
}

describe('a connection to Kafka that is made again', () => {
  beginConnectionsFresh();
  let server: Server;
  let connection: Connection;
  afterEach(async () => {
    await connection.disconnect();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Answers the first connection's request by `first`, all others as they should be. */
  async function connected(first: (socket: Socket, answer: Buffer) => void): Promise<void> {
    let connections = 0;
    server = createServer({ allowHalfOpen: true }, (socket) => {
      connections += 1;
      const isFirst = connections === 1;
      socket.on('error', () => undefined);
      socket.on('end', () => isFirst || socket.end());
      socket.on('data', (request: Buffer) => {
        if (isFirst) first(socket, answerTo(request));
        else socket.write(answerTo(request));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const silent = { debug: () => undefined, warn: () => undefined, error: () => undefined };
    connection = new Connection({
      ...{ host: '127.0.0.1', port: (server.address() as AddressInfo).port, socketFactory },
      ...{ clientId: 'test', connectionTimeout: 3_000, requestTimeout: 3_000, enforceRequestTimeout: true },
      logger: { namespace: () => silent },
    });
    await connection.connect();
  }

  async function ask(): Promise<string> {
    const answer = await connection.send({
      request: { apiKey: 18, apiVersion: 0, apiName: 'Asked', encode: () => Promise.resolve(new Encoder()) },
      response: {
        decode: (raw: Buffer) => Promise.resolve(raw.toString()),
        parse: (text: string) => Promise.resolve(text),
      },
    });
    return String(answer);
  }

  it.each([2, 6, 9])('reads its answers after one that broke off after %d bytes', async (bytes) => {
    await connected((socket, answer) => {
      socket.write(answer.subarray(0, bytes), () => setImmediate(() => socket.resetAndDestroy()));
    });
    await expect(ask()).rejects.toThrow(/connection/i);
    await connection.connect();
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
    await connection.disconnect();
    await connection.connect();
    await late();
    expect(await ask()).toBe(SAID);
    expect(await ask()).toBe(SAID);
  });
});
