// Beyond this the process has seen so many ids that remembering them all costs more than it saves.
const MOST = 1 << 20;
const INITIAL_SLOTS = 1 << 12;

// Ids are some twenty characters long.
const BYTES_PER_ENTRY = 32;

/**
 * Strings by their UTF-8 bytes: an id that comes again and again becomes a string once, and has a number, by which
 * whatever belongs to it is found without a map. Its table lies in a few flat arrays: this
 * is looked at for every record, and an object for each entry would be fetched from memory one after the other.
 */
export class Interner {
  /** Numbers of entries, from 1 on; 0: free. */
  private slots = new Int32Array(INITIAL_SLOTS);
  private hashes = new Int32Array(INITIAL_SLOTS);
  private ends = new Int32Array(INITIAL_SLOTS);
  private bytes = new Uint8Array(INITIAL_SLOTS * BYTES_PER_ENTRY);
  private known: string[] = [''];

  /** @param most how many texts there may be before {@link forgetIfMany} forgets them */
  constructor(private readonly most = MOST) {}

  /** The texts by their numbers; grows, and is another one after everything was forgotten. */
  get texts(): readonly string[] {
    return this.known;
  }

  /** The number of the text in [start, end) of the bytes, which must be UTF-8. */
  numberOf(bytes: Buffer, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot] ?? 0;
      if (entry === 0) return this.add(slot, hash, bytes, start, end);
      if (this.hashes[entry] === hash && this.isSame(entry, bytes, start, end)) return entry;
    }
  }

  /** The number of a text. */
  numberOfText(text: string): number {
    const bytes = Buffer.from(text);
    return this.numberOf(bytes, 0, bytes.length);
  }

  /** Forgets all numbers when there are too many of them: nobody may use one any more. Says whether it did. */
  forgetIfMany(): boolean {
    if (this.known.length < this.most) return false;
    this.slots.fill(0);
    this.known = [''];
    return true;
  }

  private isSame(entry: number, bytes: Buffer, start: number, end: number): boolean {
    const from = this.ends[entry - 1] ?? 0;
    if ((this.ends[entry] ?? 0) - from !== end - start) return false;
    for (let n = 0; n < end - start; n += 1) if (this.bytes[from + n] !== bytes[start + n]) return false;
    return true;
  }

  private add(slot: number, hash: number, bytes: Buffer, start: number, end: number): number {
    const entry = this.known.length;
    const from = this.ends[entry - 1] ?? 0;
    this.makeRoom(from + end - start);
    bytes.copy(this.bytes, from, start, end);
    this.known.push(bytes.toString('utf8', start, end));
    this.slots[slot] = entry;
    this.hashes[entry] = hash;
    this.ends[entry] = from + end - start;
    if (entry * 2 > this.slots.length) this.grow();
    return entry;
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
    for (let entry = 1; entry < this.known.length; entry += 1) {
      let slot = (hashes[entry] ?? 0) & (size - 1);
      while (this.slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      this.slots[slot] = entry;
    }
  }
}

/** FNV-1a; whoever floods it with ids that collide only slows himself down. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}
