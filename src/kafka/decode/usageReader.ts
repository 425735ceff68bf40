import type { UsageTable } from '../../domain/counting/usageColumns.js';
import { METRICS, UPLOADS } from '../../domain/counting/usageColumns.js';
import { LATE_HORIZON_MS } from '../../domain/counting/readUpTo.js';
import type { InputTopic } from '../topics.js';
import { CountedId } from './countedId.js';
import { LANES } from '../../domain/counting/seenIds.js';
import { Interner } from './interner.js';
import { AHEAD_MS, usageSource } from './usage.js';
import { Walker } from './walker.js';
import type { WalkPlan } from './walkPlan.js';
import { HEAD_BYTES } from './wireFormat.js';

/** What walking a record came to: a row of the columns, or one of these. */
export const UNCOUNTED = -1;
export const NOT_WALKED = -2;

/** Reads usage records straight into columns, without an object for each. */
export class UsageReader {
  private readonly walker = new Walker();
  private readonly readId = new CountedId();
  readonly accounts: Interner;
  readonly workspaces: Interner;
  /** The account of the row read last, by its number. */
  account = 0;
  /** The columns have all that the record of the row read last tells of its event. */
  tellsAll = false;

  /** @param mostIds how many accounts, and how many workspaces, have numbers before they are numbered anew */
  constructor(mostIds?: number) {
    this.accounts = new Interner(mostIds);
    this.workspaces = new Interner(mostIds);
  }

  /** The number by which columns know what a topic counts. */
  static metricOf(topic: InputTopic): number {
    const source = usageSource(topic);
    return source === undefined ? -1 : METRICS.indexOf(source.metric);
  }

  /**
   * Reads the value (with its head) in [start, end) of a record that arrived at `arrivedAt` (epoch ms). Returns its row, {@link UNCOUNTED} when it is
   * fine and nothing that counts, {@link NOT_WALKED} when the general decoder must look at it.
   */
  read(
    bytes: Buffer,
    start: number,
    end: number,
    plan: WalkPlan,
    metric: number,
    arrivedAt: number,
    into: UsageTable,
  ): number {
    const { walker } = this;
    if (!walker.read(bytes, start + HEAD_BYTES, end, plan)) return NOT_WALKED;
    const age = arrivedAt - walker.occurredAt;
    if (!walker.counts) return isInstant(walker.occurredAt) ? UNCOUNTED : NOT_WALKED;
    if (age > LATE_HORIZON_MS || age < -AHEAD_MS) return NOT_WALKED;
    this.account = this.accounts.numberOf(bytes, walker.accountStart, walker.accountEnd);
    const workspace = this.workspaces.numberOf(bytes, walker.workspaceStart, walker.workspaceEnd);
    const row = into.push(metric, workspace, walker.amount, walker.occurredAt, arrivedAt);
    this.readId.read(bytes, walker.idStart, walker.idEnd, metric);
    this.putId(into.ids, row);
    // Files have names; an id that is no UUID has to be read again.
    this.tellsAll = metric !== UPLOADS && this.readId.readUuid(bytes, walker.eventIdStart, walker.eventIdEnd);
    if (this.tellsAll) this.putId(into.eventIds, row);
    return row;
  }

  private putId(into: Int32Array, row: number): void {
    const { lanes } = this.readId;
    const at = row * LANES;
    into[at] = lanes[0] ?? 0;
    into[at + 1] = lanes[1] ?? 0;
    into[at + 2] = lanes[2] ?? 0;
    into[at + 3] = lanes[3] ?? 0;
  }
}

// Well within the years that an instant may have: what lies outside is looked at again.
function isInstant(ms: number): boolean {
  return ms > 0 && ms < 4e12;
}
