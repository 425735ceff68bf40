/**
 * Slots of a bucket as bytes: pairs of (gap to the slot before, count) for those that are not zero, each number as a
 * LEB128 varint. A quiet hour takes a few bytes instead of 480.
 */
export function encodeSlots(slots: readonly number[]): Buffer {
  const bytes: number[] = [];
  let last = -1;
  slots.forEach((count, slot) => {
    if (count === 0) return;
    pushVarint(bytes, slot - last - 1);
    pushVarint(bytes, count);
    last = slot;
  });
  return Buffer.from(bytes);
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

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  // Division, not shifts: bytes uploaded pass 2^31.
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}
