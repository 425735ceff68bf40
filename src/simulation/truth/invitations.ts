import { rowName, type Account, type Row } from './account.js';
import type { Invitation, RecountOptions } from './types.js';

/** Invitations to upgrade: one per account and month, whichever limit is reached first (contract §5, sandbox). */
export class Invitations {
  readonly all: Invitation[] = [];

  constructor(private readonly options: RecountOptions) {}

  /** A limit is reached: invites, unless this month did. What was suppressed or taken back invited nobody. */
  issue(account: Account, row: Row, limit: number, cause: { eventId: string | null; now: number }): void {
    const earlier = this.ofMonth(row);
    if (earlier.some(({ status }) => status === 'DUE' || status === 'FAILED')) return;
    const { accountId, workspaceId, rule, metric, windowKind, start, end } = row;
    const named = {
      ...{ accountId, workspaceId, rule, metric, windowKind, start, end, limit },
      kind: 'UPGRADE_INVITATION' as const,
      level: 100 as const,
      ordinal: earlier.length,
      createdAt: cause.now,
      causeEventId: cause.eventId,
    };
    const createdAt = this.options.createdAt?.(named) ?? cause.now;
    const inactive = account.status === 'SUSPENDED' || account.status === 'CLOSED';
    const ended = end <= createdAt ? 'window-ended' : null;
    const reason = inactive ? 'account-not-active' : ended;
    this.all.push({ ...named, createdAt, status: reason === null ? 'DUE' : 'SUPPRESSED', reason });
  }

  /** Whether the latest one about this limit was taken back: it returns when its limit is reached again. */
  wasTakenBack(row: Row, limit: number): boolean {
    const latest = this.ofMonth(row).findLast(
      (other) => rowName(other) === rowName(row) && other.limit === limit,
    );
    return latest?.status === 'CANCELLED';
  }

  /** Takes back those of open windows that are not true any more, unless they were sent. */
  review(accountId: string, isTrue: (invitation: Invitation) => boolean, asOf: number, now: number): void {
    for (const one of this.all) {
      if (one.accountId !== accountId || one.end <= asOf || one.status !== 'DUE' || isTrue(one)) continue;
      const sentAt = this.options.sentAt?.(one) ?? null;
      if (sentAt === null || sentAt > now) one.status = 'CANCELLED';
    }
  }

  private ofMonth({ accountId, start }: Row): Invitation[] {
    return this.all.filter((other) => other.accountId === accountId && other.start === start);
  }
}
