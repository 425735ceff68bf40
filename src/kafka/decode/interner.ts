// Beyond this the process has seen so many ids that remembering them all costs more than it saves.
const MOST = 1 << 18;
const INITIAL_SLOTS = 1 << 12;

// Ids are some twenty characters long.
const BYTES_PER_ENTRY = 32;

/**
 * Strings of ASCII by their bytes: an id that comes again and again becomes a string once, and strings that are equal
 * are the same one, which makes comparing them and finding them in a map cheap. Its table lies in a few flat arrays: this
 * is looked at for every record, and an object for each entry would be fetched from memory one after the other.
 */
export class Interner {
  /** Numbers of entries, from 1 on; 0: free. */
  private slots = new Int32Array(INITIAL_SLOTS);
  private hashes = new Int32Array(INITIAL_SLOTS);
  private ends = new Int32Array(INITIAL_SLOTS);
  private bytes = new Uint8Array(INITIAL_SLOTS * BYTES_PER_ENTRY);
  private texts: string[] = [''];

  /** The text in [start, end) of the bytes, which must be ASCII. */
  get(bytes: Buffer, start: number, end: number): string {
    const hash = hashOf(bytes, start, end);
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot] ?? 0;
      if (entry === 0) return this.add(slot, hash, bytes, start, end);
      if (this.hashes[entry] === hash && this.isSame(entry, bytes, start, end))
        return this.texts[entry] ?? '';
    }
  }

  private isSame(entry: number, bytes: Buffer, start: number, end: number): boolean {
    const from = this.ends[entry - 1] ?? 0;
    if ((this.ends[entry] ?? 0) - from !== end - start) return false;
    for (let n = 0; n < end - start; n += 1) if (this.bytes[from + n] !== bytes[start + n]) return false;
    return true;
  }

  private add(slot: number, hash: number, bytes: Buffer, start: number, end: number): string {
    if (this.texts.length >= MOST) {
      this.forget();
      return this.get(bytes, start, end);
    }
    const entry = this.texts.length;
    const text = bytes.toString('latin1', start, end);
    const from = this.ends[entry - 1] ?? 0;
    this.makeRoom(from + end - start);
    bytes.copy(this.bytes, from, start, end);
    this.texts.push(text);
    this.slots[slot] = entry;
    this.hashes[entry] = hash;
    this.ends[entry] = from + end - start;
    if (entry * 2 > this.slots.length) this.grow();
    return text;
  }

  private makeRoom(bytes: number): void {
    if (bytes <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(bytes, this.bytes.length * 2));
    larger.set(this.bytes);
    this.bytes = larger;
  }

  private grow(): void {
    const size = this.slots.length * 2;
    const [hashes, ends] = [new Int32Array(size), new Int32Array(size)];
    hashes.set(this.hashes);
    ends.set(this.ends);
    this.hashes = hashes;
    this.ends = ends;
    this.slots = new Int32Array(size);
    for (let entry = 1; entry < this.texts.length; entry += 1) {
      let slot = (hashes[entry] ?? 0) & (size - 1);
      while (this.slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      this.slots[slot] = entry;
    }
  }

  private forget(): void {
    this.slots.fill(0);
    this.texts = [''];
  }
}

/** FNV-1a; whoever floods it with ids that collide only slows himself down. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}
