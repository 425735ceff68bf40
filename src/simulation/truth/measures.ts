import { rowName, type Row } from './account.js';
import type { Cause, Measure } from './types.js';

/** The LIMIT_SERVICE that the policy itself applies: "the account will only support 100 chats per month". */
export class Measures {
  readonly all: Measure[] = [];

  /**
   * Applies it to an open window where its limit is reached, and lifts it where that limit does not stand any more.
   * `dueUnder` is the limit that is reached, null: none is.
   */
  settle(row: Row, dueUnder: number | null, { at, asOf, now }: Cause): void {
    if (row.end <= asOf) return;
    const applied = this.all.find(
      (measure) =>
        measure.status === 'APPLIED' &&
        measure.accountId === row.accountId &&
        rowName(measure) === rowName(row),
    );
    if (applied?.limit === dueUnder) return;
    if (applied !== undefined) {
      applied.status = 'LIFTED';
      applied.effectiveUntil = Math.min(applied.effectiveUntil, at);
    }
    if (dueUnder === null || row.end <= now) return;
    const { accountId, workspaceId, rule, metric, windowKind, start, end } = row;
    this.all.push({
      ...{ accountId, workspaceId, rule, metric, windowKind, start, end },
      kind: 'LIMIT_SERVICE',
      status: 'APPLIED',
      limit: dueUnder,
      effectiveFrom: at,
      effectiveUntil: end,
    });
  }
}
