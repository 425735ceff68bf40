import type { Socket } from 'node:net';
import { giveBackOwn } from '../../domain/counting/giveBack.js';
import { replaceMethod } from '../../support/replaceMethod.js';

const SIZE_BYTES = 4;
/** Which request it answers. */
const NUMBER_BYTES = 4;
/** Answers from this size on lie in memory of their own, with nothing else in it. */
export const OWN_MEMORY_BYTES = 32 * 1024;

/** What a kafkajs 2.2.4 connection gathers answers in. */
interface Connection {
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  /** While it logs in. */
  readonly authHandlers: object | null;
  readonly socket: Socket;
  readonly requestQueue: {
    fulfillRequest(answer: { size: number; correlationId: number; payload: Buffer }): void;
  };
  processData(chunk: Buffer): void;
}

/**
 * kafkajs gathers an answer in pieces of up to 64 KB, puts them in one with whatever came after it, and leaves all of it to garbage
 * collection. Here an answer is in one piece of its own, and the pieces are given back as they are copied. What lies in
 * memory of its own may be given back by whoever has read it. A connection that is made again begins empty
 * (freshConnections.ts).
 */
export function gatherAnswers(): void {
  replaceMethod<Connection, 'processData'>(
    'network/connection',
    'processData',
    (processData) =>
      function (chunk) {
        if (this.authHandlers === null) gather(this, chunk);
        else processData.call(this, chunk);
      },
  );
}

function gather(connection: Connection, chunk: Buffer): void {
  connection.chunks.push(chunk);
  connection.bytesBuffered += chunk.length;
  while (connection.bytesNeeded <= connection.bytesBuffered) {
    const size = sizeAhead(connection.chunks);
    if (size < NUMBER_BYTES) {
      connection.socket.destroy(new Error(`the broker announced an answer of ${size} bytes`));
      return;
    }
    connection.bytesNeeded = SIZE_BYTES + size;
    if (connection.bytesNeeded > connection.bytesBuffered) return;
    fulfil(connection, size);
  }
}

function fulfil(connection: Connection, size: number): void {
  const answer = cut(connection.chunks, SIZE_BYTES + size);
  connection.bytesBuffered -= answer.length;
  connection.bytesNeeded = SIZE_BYTES;
  connection.requestQueue.fulfillRequest({
    size,
    correlationId: answer.readInt32BE(SIZE_BYTES),
    payload: answer.subarray(SIZE_BYTES + NUMBER_BYTES),
  });
}

/** The size of the next answer, which may have come in two pieces. */
function sizeAhead(chunks: Buffer[]): number {
  if ((chunks[0]?.length ?? 0) < SIZE_BYTES) chunks.splice(0, chunks.length, Buffer.concat(chunks));
  return chunks[0]?.readInt32BE(0) ?? 0;
}

/** Takes the first so many bytes out of what came. */
function cut(chunks: Buffer[], bytes: number): Buffer {
  const [first] = chunks;
  if (first !== undefined && bytes <= first.length && bytes < OWN_MEMORY_BYTES) {
    if (bytes === first.length) chunks.shift();
    else chunks[0] = first.subarray(bytes);
    return first.subarray(0, bytes);
  }
  const whole = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  let copied = 0;
  for (const chunk of chunks) {
    const some = chunk.copy(whole, at);
    at += some;
    if (some < chunk.length) {
      chunks[copied] = chunk.subarray(some);
      break;
    }
    copied += 1;
    // A part of one may be what was cut out before.
    giveBackOwn(chunk);
  }
  chunks.splice(0, copied);
  return whole;
}
