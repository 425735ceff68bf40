const MOST_SLOTS = 96;
const VARINT_BYTES = 8;
/** Used by one encoding at a time. */
const scratch = new Uint8Array(MOST_SLOTS * 2 * VARINT_BYTES);

/**
 * Slots of a bucket as bytes: pairs of (gap to the slot before, count) for those that are not zero, each number as a
 * LEB128 varint. A quiet hour takes a few bytes instead of 480.
 */
export function encodeSlots(slots: readonly number[]): Buffer {
  let [last, end] = [-1, 0];
  for (let slot = 0; slot < slots.length; slot += 1) {
    const count = slots[slot] ?? 0;
    if (count === 0) continue;
    end = putVarint(slot - last - 1, end);
    end = putVarint(count, end);
    last = slot;
  }
  return Buffer.from(scratch.subarray(0, end));
}

/** The reverse of {@link encodeSlots}. */
export function decodeSlots(bytes: Uint8Array, length: number): number[] {
  const slots = new Array<number>(length).fill(0);
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
  for (let slot = -1; at < bytes.length;) {
    slot += next() + 1;
    slots[slot] = next();
  }
  return slots;
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
