import type { UsageColumns } from '../../domain/counting/usageColumns.js';
import { METRICS } from '../../domain/counting/usageColumns.js';
import { LATE_HORIZON_MS } from '../../domain/counting/readUpTo.js';
import type { InputTopic } from '../topics.js';
import { CountedId } from './countedId.js';
import { HEAD_BYTES } from './decoder.js';
import { Interner } from './interner.js';
import { AHEAD_MS, usageSource } from './usage.js';
import { Walker } from './walker.js';
import type { WalkPlan } from './walkPlan.js';

/** What walking a record came to: a row of the columns, or one of these. */
export const UNCOUNTED = -1;
export const NOT_WALKED = -2;

/** Reads usage records straight into columns, without an object for each. */
export class UsageReader {
  private readonly walker = new Walker();
  private readonly counted = new CountedId();
  private readonly accounts = new Interner();
  private readonly workspaces = new Interner();
  /** The account of the row read last. */
  accountId = '';

  /** The number by which columns know what a topic counts. */
  static metricOf(topic: InputTopic): number {
    const source = usageSource(topic);
    return source === undefined ? -1 : METRICS.indexOf(source.metric);
  }

  /**
   * Reads a value (with its head) that arrived at `arrivedAt` (epoch ms). Returns its row, {@link UNCOUNTED} when it is
   * fine and nothing that counts, {@link NOT_WALKED} when the general decoder must look at it.
   */
  read(value: Buffer, plan: WalkPlan, metric: number, arrivedAt: number, into: UsageColumns): number {
    const { walker } = this;
    if (!walker.read(value, HEAD_BYTES, plan)) return NOT_WALKED;
    const age = arrivedAt - walker.occurredAt;
    if (!walker.counts) return isInstant(walker.occurredAt) ? UNCOUNTED : NOT_WALKED;
    if (age > LATE_HORIZON_MS || age < -AHEAD_MS) return NOT_WALKED;
    this.accountId = this.accounts.get(value, walker.accountStart, walker.accountEnd);
    const workspaceId = this.workspaces.get(value, walker.workspaceStart, walker.workspaceEnd);
    const row = into.push(metric, workspaceId, walker.amount, walker.occurredAt, arrivedAt);
    this.counted.read(value, walker.idStart, walker.idEnd);
    into.ids.set(this.counted.lanes, row * 4);
    return row;
  }
}

// Well within the years that an instant may have: what lies outside is looked at again.
function isInstant(ms: number): boolean {
  return ms > 0 && ms < 4e12;
}
