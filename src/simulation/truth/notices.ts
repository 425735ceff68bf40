import type { Account } from './account.js';
import type { Episode } from './episodes.js';
import type { Crossing, Notice, RecountOptions } from './types.js';

const DAY = 86_400_000;

type Tracked = Notice & {
  /** The notice whose cooldown suppressed this one. */
  suppressor: Tracked | null;
  /** Hours only. */
  episode: Episode | null;
};

const isInactive = ({ status }: Account): boolean => status === 'SUSPENDED' || status === 'CLOSED';

function hasEnded(notice: Notice): boolean {
  const grace = notice.windowKind === 'hour' ? DAY : 0;
  return notice.end + grace <= notice.createdAt;
}

/** The warnings and what is decided about them at once or by a later change of plan (contract §3, §5). */
export class Notices {
  readonly all: Tracked[] = [];
  /** Those that will fail, and when (epoch ms): looked at with every record. */
  private readonly failing: { readonly notice: Tracked; readonly failedAt: number }[] = [];

  constructor(private readonly options: RecountOptions) {}

  issue(
    account: Account,
    { crossing, episode }: { crossing: Crossing; episode: Episode | null },
    level: 80 | 100,
    now: number,
  ): void {
    const { accountId, workspaceId, rule, metric, windowKind, start, end, limit } = crossing;
    const kind = 'THRESHOLD_WARNING';
    const key = { kind, accountId, workspaceId, rule, metric, windowKind, start, end, limit, level } as const;
    const ordinal = this.of(accountId).filter(
      (other) =>
        other.rule === rule &&
        other.start === start &&
        other.level === level &&
        other.workspaceId === workspaceId,
    ).length;
    const named = { ...key, ordinal, createdAt: now };
    const createdAt = this.options.createdAt?.(named) ?? now;
    const notice: Tracked = { ...named, createdAt, status: 'DUE', reason: null, suppressor: null, episode };
    this.settleFailures(createdAt);
    const suppressor = this.coolingDown(notice);
    if (isInactive(account)) notice.reason = 'account-not-active';
    else if (hasEnded(notice)) notice.reason = 'window-ended';
    else if (suppressor !== null) Object.assign(notice, { reason: 'cooldown', suppressor });
    if (notice.reason !== null) notice.status = 'SUPPRESSED';
    this.all.push(notice);
    const failedAt = this.options.failedAt?.(notice) ?? null;
    if (failedAt !== null) this.failing.push({ notice, failedAt });
  }

  of(accountId: string): Tracked[] {
    return this.all.filter((notice) => notice.accountId === accountId);
  }

  /** Takes a notice back that is not true any more, unless it was sent. */
  cancel(notice: Notice, now: number): boolean {
    const sentAt = this.options.sentAt?.(notice) ?? null;
    if (notice.status !== 'DUE' || (sentAt !== null && sentAt <= now)) return false;
    notice.status = 'CANCELLED';
    return true;
  }

  /** The newest notice that the cooldown after this one suppressed. */
  suppressedBy(notice: Notice): Notice | undefined {
    return this.all.findLast((other) => other.suppressor === notice);
  }

  /** Issues a notice that a cooldown held back, unless it is stale by now or another one was issued meanwhile. */
  release(account: Account, notice: Notice, now: number): void {
    const held = this.all.find((other) => other === notice);
    const asOfNow = { ...notice, createdAt: now };
    if (held === undefined || isInactive(account) || hasEnded(asOfNow)) return;
    if (this.coolingDown(asOfNow) !== null) return;
    Object.assign(held, { status: 'DUE', reason: null, suppressor: null, createdAt: now });
  }

  /** Whether an episode had notices, and none of them stands. */
  tookAllBack(episode: Episode): boolean {
    const made = this.all.filter((notice) => notice.episode === episode);
    return made.length > 0 && made.every(({ status }) => status === 'CANCELLED');
  }

  settleFailures(now: number): Notice[] {
    const failed = this.failing
      .filter(({ notice, failedAt }) => notice.status === 'DUE' && failedAt <= now)
      .map(({ notice }) => notice);
    for (const notice of failed) notice.status = 'FAILED';
    return failed;
  }

  /** At most one warning per scope and rule in 24 hours between creation times, for limits per hour. */
  private coolingDown(notice: Omit<Notice, 'status' | 'reason'>): Tracked | null {
    if (notice.windowKind !== 'hour') return null;
    const earlier = this.of(notice.accountId).findLast(
      (other) =>
        other.rule === notice.rule &&
        other.workspaceId === notice.workspaceId &&
        other.status === 'DUE' &&
        notice.createdAt - other.createdAt < DAY,
    );
    return earlier ?? null;
  }
}
