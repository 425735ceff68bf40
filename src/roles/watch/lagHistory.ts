/** Where a partition's log ends and how far it was counted. */
export interface PartitionLag {
  /** `topic/partition`. */
  readonly key: string;
  readonly next: number;
  readonly high: number;
}

export interface LagTrend {
  /** For how long the partition that has waited longest has had records to count and counted none. */
  readonly stalledMs: number;
  /** For how long the lag of all together has not fallen. */
  readonly growingMs: number;
}

/** Tells a lag that is worked off from one that is not, out of samples taken one after the other. */
export class LagHistory {
  private readonly movedAt = new Map<string, { next: number; at: number }>();
  private fell: { total: number; at: number } | null = null;

  /** Takes a sample at `at` (ms of any clock that only goes forward). */
  take(partitions: readonly PartitionLag[], at: number): LagTrend {
    let stalledMs = 0;
    let total = 0;
    for (const { key, next, high } of partitions) {
      const lag = Math.max(0, high - next);
      total += lag;
      const last = this.movedAt.get(key);
      if (last === undefined || lag === 0 || last.next !== next) this.movedAt.set(key, { next, at });
      else stalledMs = Math.max(stalledMs, at - last.at);
    }
    if (this.fell === null || total === 0 || total < this.fell.total) this.fell = { total, at };
    else this.fell = { total, at: this.fell.at };
    return { stalledMs, growingMs: total === 0 ? 0 : at - this.fell.at };
  }
}
