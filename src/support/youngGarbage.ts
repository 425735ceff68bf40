// A quarter of what V8 lets lie outside its heap before it marks all that is in it.
const EVERY_BYTES = 16 * 1024 * 1024;

type Collect = ((options: { readonly type: 'minor' }) => void) | undefined;
let bytes = 0;

/**
 * Says that so many bytes were received in buffers that are garbage already, or soon. V8 collects young garbage when its
 * own heap has grown, to which the bytes of buffers do not count; where they add up first, it marks the whole heap instead
 * to be rid of them. So the young are collected here, which takes a millisecond. Only with Node's
 * `--expose-gc`, as in the image; without it nothing but time is lost.
 */
export function noteBuffers(received: number): void {
  bytes += received;
  if (bytes < EVERY_BYTES) return;
  bytes = 0;
  (globalThis as { gc?: Collect }).gc?.({ type: 'minor' });
}
