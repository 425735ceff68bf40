import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { newPlatform, type PlatformState } from './platform/platform.js';
import type { AccountSnapshot } from './records.js';

/** Offsets [from, to) of a topic partition that the simulation published, in order, merged where they touch. */
export type PublishedRanges = Record<string, [from: number, to: number][]>;

/** A record of the accounts topic as published: compaction removes it there, a recount needs it. */
export interface JournalledAccount {
  partition: number;
  offset: number;
  arrivedAt: number;
  key: string;
  value: AccountSnapshot | null;
}

interface Saved {
  platform: PlatformState;
  published: PublishedRanges;
}

// The file is ours; what is checked is that it is one of this release and whole.
const savedShape = z.object({
  platform: z.looseObject({ seed: z.number(), createdAt: z.number(), run: z.number() }),
  published: z.record(z.string(), z.array(z.tuple([z.number(), z.number()]))),
});

/** What the simulation keeps in its folder. Throws when the file there is not readable. */
export class SimulationState {
  readonly platform: PlatformState;
  readonly published: PublishedRanges;
  private readonly file: string;
  private readonly journalFile: string;

  constructor(folder: string, seed: number, now: number) {
    mkdirSync(folder, { recursive: true });
    this.file = join(folder, 'platform.json');
    this.journalFile = join(folder, 'accounts.ndjson');
    const saved = this.read();
    this.platform = saved?.platform ?? newPlatform(seed, now);
    this.published = saved?.published ?? {};
  }

  private read(): Saved | null {
    if (!existsSync(this.file)) return null;
    return savedShape.parse(JSON.parse(readFileSync(this.file, 'utf8'))) as unknown as Saved;
  }

  /** Replaces the file in one step, so that a kill leaves the old one or the new one. */
  save(): void {
    const next = `${this.file}.next`;
    writeFileSync(next, JSON.stringify({ platform: this.platform, published: this.published }));
    renameSync(next, this.file);
  }

  addPublished(topic: string, partition: number, from: number, count: number): void {
    const ranges = (this.published[`${topic}/${String(partition)}`] ??= []);
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === from) last[1] = from + count;
    else ranges.push([from, from + count]);
  }

  journal(account: JournalledAccount): void {
    appendFileSync(this.journalFile, `${JSON.stringify(account)}\n`);
  }

  journalled(): JournalledAccount[] {
    if (!existsSync(this.journalFile)) return [];
    return readFileSync(this.journalFile, 'utf8').split('\n').flatMap(journalLine);
  }
}

/** A kill can leave half a line, and the next run writes on behind it: such a line is no record. */
function journalLine(line: string): JournalledAccount[] {
  const from = Math.max(0, line.lastIndexOf('{"partition"'));
  try {
    return [JSON.parse(line.slice(from)) as JournalledAccount];
  } catch {
    return [];
  }
}
