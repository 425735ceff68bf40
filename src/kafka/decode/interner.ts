// Beyond this the process has seen so many ids that remembering them all costs more than it saves.
const MOST = 1 << 18;
const INITIAL_SLOTS = 1 << 12;

interface Entry {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/**
 * Strings of ASCII by their bytes: an id that comes again and again becomes a string once, and strings that are equal
 * are the same one, which makes comparing them and finding them in a map cheap.
 */
export class Interner {
  private slots: (Entry | undefined)[] = new Array<Entry | undefined>(INITIAL_SLOTS);
  private entries = 0;

  /** The text in [start, end) of the bytes, which must be ASCII. */
  get(bytes: Buffer, start: number, end: number): string {
    const mask = this.slots.length - 1;
    for (let slot = hashOf(bytes, start, end) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot];
      if (entry === undefined) return this.add(slot, bytes, start, end);
      if (isSame(entry.bytes, bytes, start, end)) return entry.text;
    }
  }

  private add(slot: number, bytes: Buffer, start: number, end: number): string {
    const entry = {
      text: bytes.toString('latin1', start, end),
      bytes: Uint8Array.prototype.slice.call(bytes, start, end),
    };
    this.slots[slot] = entry;
    this.entries += 1;
    if (this.entries * 2 > this.slots.length) this.grow();
    return entry.text;
  }

  private grow(): void {
    const old = this.entries < MOST ? this.slots : [];
    this.slots = new Array<Entry | undefined>(old.length === 0 ? INITIAL_SLOTS : old.length * 2);
    this.entries = 0;
    const mask = this.slots.length - 1;
    for (const entry of old) {
      if (entry === undefined) continue;
      let slot = hashOf(entry.bytes, 0, entry.bytes.length) & mask;
      while (this.slots[slot] !== undefined) slot = (slot + 1) & mask;
      this.slots[slot] = entry;
      this.entries += 1;
    }
  }
}

/** FNV-1a; whoever floods it with ids that collide only slows himself down. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = start; at < end; at += 1) if (known[at - start] !== bytes[at]) return false;
  return true;
}
