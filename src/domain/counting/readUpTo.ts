import { RULES, type LimitRule, type Metric } from '../policy/policy.js';

/** How late an event may arrive and still be counted (contract §3, "Late and early"). */
export const LATE_HORIZON_MS = 35 * 86_400_000;

// What is on its way when the broker is asked, and how far clocks may differ.
const IDLE_MARGIN_MS = 20_000;

/**
 * How far a partition was counted: `readUpTo` is the arrival (epoch ms) of the last record below `nextOffset`. From there
 * to `readTo` it was read and held nothing to count.
 */
export interface PartitionRead {
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
  readonly readTo: number;
  readonly readUpTo: number | null;
}

/** What the broker has of a partition, [low, high), as of the instant it was asked. */
export interface PartitionLog {
  readonly topic: string;
  readonly partition: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The instant (business time, epoch ms) up to which every partition of a topic was read: all that arrived before it is
 * counted. A partition read to its end stands at the moment `askedAt` at which the broker named that end; so do empty
 * ones. Without the broker's word (`logs` null) only arrivals count, of the partitions that were ever counted.
 * -Infinity: nothing is known to be read.
 */
export function topicReadUpTo(
  topic: string,
  partitions: readonly PartitionRead[],
  logs: readonly PartitionLog[] | null,
  askedAt: number,
): number {
  const counted = partitions.filter((p) => p.topic === topic);
  const each =
    logs === null
      ? counted.map((p) => p.readUpTo ?? -Infinity)
      : logs.filter((log) => log.topic === topic).map((log) => partitionReadUpTo(log, counted, askedAt));
  return each.length === 0 ? -Infinity : Math.min(...each);
}

function partitionReadUpTo(log: PartitionLog, counted: readonly PartitionRead[], askedAt: number): number {
  const found = counted.find((p) => p.partition === log.partition);
  // A partition that was never counted will begin at the first record that is left of it.
  const atEnd = (found?.readTo ?? log.low) >= log.high;
  return Math.max(found?.readUpTo ?? -Infinity, atEnd ? askedAt - IDLE_MARGIN_MS : -Infinity);
}

/** The rules whose input was read at all, each with the instant up to which it was, less `horizon` (ms). */
export function readByRule(
  read: ReadonlyMap<Metric, number>,
  horizon: number,
): { readonly rule: LimitRule; readonly until: number }[] {
  return (Object.keys(RULES) as LimitRule[])
    .map((rule) => ({ rule, until: (read.get(RULES[rule].metric) ?? -Infinity) - horizon }))
    .filter(({ until }) => Number.isFinite(until));
}
