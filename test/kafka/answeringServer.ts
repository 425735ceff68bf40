import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A connection of kafkajs. */
export interface Connection {
  connect(): Promise<boolean>;
  disconnect(): Promise<boolean>;
  send(request: object): Promise<unknown>;
}

const require = createRequire(import.meta.url);
const KafkaConnection = require('kafkajs/src/network/connection') as new (settings: object) => Connection;
const Encoder = require('kafkajs/src/protocol/encoder') as new () => object;
const socketFactory = (require('kafkajs/src/network/socketFactory') as () => unknown)();

/** The answer to a request: size, the request's number, and what is said. */
export function answerTo(request: Buffer, said: Buffer): Buffer {
  const answer = Buffer.alloc(8 + said.length);
  answer.writeInt32BE(4 + said.length, 0);
  answer.writeInt32BE(request.readInt32BE(8), 4);
  said.copy(answer, 8);
  return answer;
}

/** A server that answers as it is told, and a connection to it. */
export class AnsweringServer {
  private constructor(
    readonly connection: Connection,
    private readonly server: ReturnType<typeof createServer>,
    private readonly sockets: readonly Socket[],
  ) {}

  /** @param answer called with every request; connections are numbered from 1 */
  static async start(
    answer: (socket: Socket, request: Buffer, connection: number) => void,
  ): Promise<AnsweringServer> {
    const sockets: Socket[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const number = sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('end', () => number === 1 || socket.end());
      socket.on('data', (request: Buffer) => {
        answer(socket, request, number);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const silent = { debug: () => undefined, warn: () => undefined, error: () => undefined };
    const connection = new KafkaConnection({
      ...{ host: '127.0.0.1', port: (server.address() as AddressInfo).port, socketFactory },
      ...{ clientId: 'test', connectionTimeout: 3_000, requestTimeout: 3_000, enforceRequestTimeout: true },
      logger: { namespace: () => silent },
    });
    await connection.connect();
    return new AnsweringServer(connection, server, sockets);
  }

  /** What is said to one request. */
  async ask(): Promise<Buffer> {
    return (await this.connection.send({
      request: { apiKey: 18, apiVersion: 0, apiName: 'Asked', encode: () => Promise.resolve(new Encoder()) },
      response: {
        decode: (raw: Buffer) => Promise.resolve(raw),
        parse: (raw: Buffer) => Promise.resolve(raw),
      },
    })) as Buffer;
  }

  async end(): Promise<void> {
    await this.connection.disconnect();
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
