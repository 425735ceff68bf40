import type { Agreement, RuleName } from './types.js';

interface Standing extends Agreement {
  since: number;
  until: number;
}

/** What was agreed with one account (contract §8, allowances): they add up, and each counts in full. */
export class Agreements {
  private readonly all: Standing[] = [];

  /** Whether it changes anything: the same is not agreed twice, and nothing is agreed for a time that is over. */
  grant(agreement: Agreement, now: number): boolean {
    const { rule, extra, from, to } = agreement;
    const isSame = (one: Standing): boolean =>
      one.rule === rule &&
      one.extra === extra &&
      one.from === from &&
      one.to === to &&
      one.until === Infinity;
    if (this.all.some(isSame) || (rule === 'file-size' && to <= now)) return false;
    this.all.push({ ...agreement, since: now, until: Infinity });
    return true;
  }

  /** Whether there was something to withdraw. */
  withdraw(id: string, now: number): boolean {
    const found = this.all.find((one) => one.id === id && one.until === Infinity);
    if (found === undefined) return false;
    found.until = now;
    return true;
  }

  /** What a window has beyond its limit: by what stands now, or stood at its end. */
  beyond(rule: RuleName, window: { start: number; end: number }): number {
    return this.sum(
      (one) =>
        one.rule === rule &&
        one.from < window.end &&
        one.to > window.start &&
        one.since < window.end &&
        one.until >= window.end,
    );
  }

  /** How much larger a file may be: uploaded at `occurredAt`, judged at `now`. */
  beyondFileSize(occurredAt: number, now: number): number {
    return this.sum(
      (one) => one.rule === 'file-size' && one.from <= occurredAt && occurredAt < one.to && one.until >= now,
    );
  }

  private sum(counts: (one: Standing) => boolean): number {
    return this.all.filter(counts).reduce((total, { extra }) => total + extra, 0);
  }
}
