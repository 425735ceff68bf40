import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { gatherAnswers, OWN_MEMORY_BYTES } from '../../../src/kafka/consumer/gatherAnswers.js';
import { beginConnectionsFresh } from '../../../src/kafka/freshConnections.js';
import { AnsweringServer, answerTo } from '../answeringServer.js';

const SMALL = Buffer.from('said');
const LARGE = randomBytes(OWN_MEMORY_BYTES * 8 + 5);

/** Writes the bytes in pieces that end before these places, a piece in a packet. */
async function inPieces(socket: Socket, bytes: Buffer, ends: readonly number[]): Promise<void> {
  socket.setNoDelay(true);
  let from = 0;
  for (const end of [...ends, bytes.length]) {
    socket.write(bytes.subarray(from, end));
    from = end;
    for (let turns = 0; turns < 20; turns += 1) await turn();
  }
}

describe('the answers of a broker', () => {
  beginConnectionsFresh();
  gatherAnswers();
  let server: AnsweringServer;
  afterEach(() => server.end());

  it.each([
    ['a small one', SMALL],
    ['a large one', LARGE],
  ])('%s is read whole wherever it was cut', async (_, said) => {
    const cuts = [[], [1], [4], [7], [8], [3, 5], [2, said.length], [said.length + 7], [9, 10, 11]];
    let asked = 0;
    server = await AnsweringServer.start((socket, request) => {
      const ends = cuts[asked] ?? [];
      asked += 1;
      void inPieces(socket, answerTo(request, said), ends);
    });
    for (let n = 0; n < cuts.length; n += 1) expect((await server.ask()).equals(said)).toBe(true);
  });

  it('are told apart when several come in one piece, with the beginning of another', async () => {
    const wanted = [SMALL, LARGE, SMALL, Buffer.alloc(0), LARGE];
    const requests: Buffer[] = [];
    server = await AnsweringServer.start((socket, received) => {
      // Requests, too, may come in one piece.
      for (let at = 0; at < received.length; at += 4 + received.readInt32BE(at)) {
        requests.push(received.subarray(at));
      }
      if (requests.length < wanted.length) return;
      const answers = requests.map((request, n) => answerTo(request, wanted[n] ?? SMALL));
      void inPieces(socket, Buffer.concat(answers), [SMALL.length + 10, LARGE.length + SMALL.length + 30]);
    });
    const said = await Promise.all(wanted.map(() => server.ask()));
    expect(said.map((one, n) => one.equals(wanted[n] ?? SMALL))).toEqual(wanted.map(() => true));
  });

  it('lie in memory of their own when they are large', async () => {
    server = await AnsweringServer.start((socket, request) => {
      const answers = [answerTo(request, LARGE), Buffer.from([0, 0])];
      socket.write(Buffer.concat(answers));
    });
    const said = await server.ask();
    expect(said.buffer.byteLength).toBe(8 + LARGE.length);
    expect(said.equals(LARGE)).toBe(true);
  });

  it.each([-5, 0, 3])(
    'end the connection when one is to have %d bytes, and the next is heard',
    async (size) => {
      server = await AnsweringServer.start((socket, request, connection) => {
        const answer = answerTo(request, SMALL);
        if (connection === 1) answer.writeInt32BE(size, 0);
        socket.write(answer);
      });
      await expect(server.ask()).rejects.toThrow(`an answer of ${size} bytes`);
      await server.connection.connect();
      expect((await server.ask()).equals(SMALL)).toBe(true);
    },
  );
});
