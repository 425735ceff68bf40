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
