interface Transferable {
  /** Node 21 and later. */
  transfer?(bytes: number): unknown;
}

/**
 * Gives memory back at once instead of leaving it to garbage collection; nothing can be read from it any more. V8 counts the
 * bytes of buffers against its heap's limit: a thread whose heap is small marks all of it after every few MB that were fetched.
 * Where the runtime cannot (Node 20), it stays garbage. What two threads share is left alone.
 */
export function giveBack(buffer: ArrayBufferLike): void {
  if (buffer.byteLength > 0) (buffer as Transferable).transfer?.(0);
}

/** The same for the bytes of a view that has its memory to itself: what is small may lie in memory that others use. */
export function giveBackOwn(bytes: Uint8Array): void {
  if (bytes.length === bytes.buffer.byteLength) giveBack(bytes.buffer);
}
