/** A stored chunk of the seen ids of an account and month, by its place among them and its size. */
export interface ChunkSize {
  readonly seq: number;
  readonly bytes: number;
}

// Fewer are not worth a write while the month still grows.
const CHUNKS_WORTH_MERGING = 8;

/**
 * Which chunks of an account's month to put together now, as their sequence numbers; empty: leave it. One that `rests` (no
 * more is expected of it) becomes one chunk. One that grows is merged from the smallest up, as long as the next
 * is no larger than all before it together: so an id is written again a logarithmic number of times, and as many chunks
 * are left.
 */
export function chunksToMerge(chunks: readonly ChunkSize[], rests: boolean): number[] {
  if (chunks.length < 2) return [];
  if (rests) return chunks.map(({ seq }) => seq);
  const ascending = [...chunks].sort((a, b) => a.bytes - b.bytes);
  let together = 0;
  let taken = 0;
  for (const { bytes } of ascending) {
    if (taken >= CHUNKS_WORTH_MERGING && bytes > together) break;
    together += bytes;
    taken += 1;
  }
  return taken < CHUNKS_WORTH_MERGING ? [] : ascending.slice(0, taken).map(({ seq }) => seq);
}
