const MOST_SLOTS = 96;
const VARINT_BYTES = 8;
/** Used by one encoding at a time. */
const scratch = new Uint8Array(MOST_SLOTS * 2 * VARINT_BYTES);

/**
 * Slots of a bucket (slot and count by turns, ascending) as bytes: pairs of (gap to the slot before, count), each number as
 * a LEB128 varint. A quiet hour takes a few bytes instead of 480.
 */
export function encodeSlots(pairs: readonly number[]): Buffer {
  let [last, end] = [-1, 0];
  for (let at = 0; at < pairs.length; at += 2) {
    const slot = pairs[at] ?? 0;
    end = putVarint(slot - last - 1, end);
    end = putVarint(pairs[at + 1] ?? 0, end);
    last = slot;
  }
  return Buffer.from(scratch.subarray(0, end));
}

/** The reverse of {@link encodeSlots}. */
export function decodeSlots(bytes: Uint8Array): number[] {
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at];
      if (byte === undefined) throw new RangeError('slots end in the middle of a number');
      at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  const pairs: number[] = [];
  for (let slot = -1; at < bytes.length;) {
    slot += next() + 1;
    pairs.push(slot, next());
  }
  // Of just the length that is needed: an array that has grown has room for more.
  return pairs.slice();
}

/** Returns where the number ends. */
function putVarint(value: number, at: number): number {
  let [rest, end] = [value, at];
  // Division, not shifts: bytes uploaded pass 2^31.
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    scratch[end] = (rest % 128) + 128;
    end += 1;
  }
  scratch[end] = rest;
  return end + 1;
}
