import { rowName, type Account, type Row } from './account.js';
import { Episodes } from './episodes.js';
import type { Invitations } from './invitations.js';
import type { Measures } from './measures.js';
import type { Notices } from './notices.js';
import type { Overages } from './overages.js';
import type { Plan, PlanRule } from './plans.js';
import type { Crossing, Notice } from './types.js';

/** What made a figure or a limit move: an event, or a change of plan (eventId null). */
export interface Cause {
  eventId: string | null;
  /** Event time, or the time of the change. */
  at: number;
  /** When the engine could act on it. */
  now: number;
}

interface Standing {
  rule: PlanRule;
  limit: number;
  warns: boolean;
  figure: number;
}

/** What follows from a level that is reached. */
export interface Consequences {
  notices: Notices;
  invitations: Invitations;
  measures: Measures;
  overages: Overages;
}

const reaches = (figure: number, limit: number, level: number): boolean => figure * 100 >= limit * level;

/** Levels, episodes, violations, overages and warnings, one row at a time (contract §3 "Levels", "Limits"). */
export class Judge {
  readonly crossings: Crossing[] = [];
  readonly violations: Crossing[] = [];
  private readonly episodes = new Episodes();
  private readonly recorded = new Map<string, Crossing>();
  private readonly notices: Notices;

  constructor(
    private readonly planOf: (plan: string) => Plan,
    private readonly then: Consequences,
  ) {
    this.notices = then.notices;
  }

  /** The rule that the plan in force has for this row; undefined where it names none. */
  ruleFor(account: Account, row: Pick<Row, 'rule' | 'workspaceId' | 'end'>): PlanRule | undefined {
    const scope = row.workspaceId === null ? 'account' : 'workspace';
    const { rules } = this.planOf(account.planFor(row.end));
    return rules.find((rule) => rule.rule === row.rule && rule.scope === scope);
  }

  judge(account: Account, row: Row, cause: Cause): void {
    const standing = this.standing(account, row);
    this.settleMeasure(row, standing, cause);
    if (standing === null) return;
    const { limit, figure, rule } = standing;
    const eighty = standing.warns ? this.cross(row, standing, 80, cause) : null;
    const hundred = this.cross(row, standing, 100, cause);
    if (eighty?.continuesEpisode === false) {
      this.notices.issue(account, eighty, hundred === null ? 80 : 100, cause.now);
    }
    if (hundred?.continuesEpisode === false) this.violations.push(hundred);
    const { invitations } = this.then;
    const returns = (): boolean => reaches(figure, limit, 100) && invitations.wasTakenBack(row, limit);
    if (rule.invites && (hundred !== null || returns())) invitations.issue(account, row, limit, cause);
    if (rule.overage) this.then.overages.tell(row, limit, figure, cause.now);
  }

  private settleMeasure(row: Row, standing: Standing | null, { at, now }: Cause): void {
    const due = standing?.rule.limitsService === true && reaches(standing.figure, standing.limit, 100);
    this.then.measures.settle(row, due ? standing.limit : null, at, now);
  }

  /** After a change of plan: warnings that are not true any more go, cancelled ones that are true again return. */
  review(account: Account, accountId: string, now: number): void {
    this.then.invitations.review(accountId, (one) => this.stillInvites(account, one), now);
    const open = this.notices.of(accountId).filter((notice) => notice.end > now);
    for (const notice of open) {
      if (this.isTrue(account, notice) || !this.notices.cancel(notice, now)) continue;
      this.reissue(account, this.notices.suppressedBy(notice), now);
    }
    for (const notice of open.filter((candidate) => candidate.status === 'CANCELLED')) {
      const latest = this.notices.of(accountId).findLast((other) => isSame(other, notice));
      if (latest !== notice || this.standingOf(account, notice)?.limit !== notice.limit) continue;
      this.reissue(account, notice, now);
    }
  }

  /** A warning that failed frees the newest one it held back. */
  settleFailures(accountOf: (accountId: string) => Account | undefined, now: number): void {
    for (const failed of this.notices.settleFailures(now)) {
      const account = accountOf(failed.accountId);
      if (account !== undefined) this.reissue(account, this.notices.suppressedBy(failed), now);
    }
  }

  private reissue(account: Account, notice: Notice | undefined, now: number): void {
    if (notice === undefined || !this.isTrue(account, notice)) return;
    const crossing = this.recorded.get(crossingName(notice, notice.limit, 80));
    if (crossing !== undefined) this.notices.issue(account, crossing, notice.level, now);
  }

  private stillInvites(account: Account, invitation: Notice): boolean {
    const standing = this.standingOf(account, invitation);
    if (standing?.rule.invites !== true || standing.limit !== invitation.limit) return false;
    return reaches(standing.figure, standing.limit, 100);
  }

  private isTrue(account: Account, notice: Notice): boolean {
    const standing = this.standingOf(account, notice);
    return standing?.warns === true && reaches(standing.figure, standing.limit, notice.level);
  }

  private standingOf(account: Account, notice: Notice): Standing | null {
    const row = account.rows.get(rowName(notice));
    return row === undefined ? null : this.standing(account, row);
  }

  private standing(account: Account, row: Row): Standing | null {
    const rule = this.ruleFor(account, row);
    if (rule === undefined || rule.limit === null) return null;
    const { warns } = this.planOf(account.planFor(row.end));
    return { rule, limit: rule.limit, warns, figure: account.figure(row) };
  }

  /** Records a level that is reached and not yet recorded for this limit. */
  private cross(row: Row, standing: Standing, level: 80 | 100, cause: Cause): Crossing | null {
    const { limit, figure } = standing;
    const name = crossingName(row, limit, level);
    if (!reaches(figure, limit, level) || this.recorded.has(name)) return null;
    const { accountId, workspaceId, rule, metric, windowKind, start, end } = row;
    const key = { accountId, workspaceId, rule, metric, windowKind, start, end };
    const crossing: Crossing = {
      ...key,
      level,
      limit,
      used: figure,
      crossedAt: cause.at,
      causeEventId: cause.eventId,
      continuesEpisode: windowKind === 'hour' && this.episodes.join({ ...key, level }),
    };
    this.recorded.set(name, crossing);
    this.crossings.push(crossing);
    return crossing;
  }
}

function crossingName(
  row: Pick<Row, 'accountId' | 'rule' | 'workspaceId' | 'start'>,
  limit: number,
  level: number,
) {
  return `${rowName(row)}|${String(limit)}|${String(level)}|${row.accountId}`;
}

function isSame(one: Notice, other: Notice): boolean {
  return rowName(one) === rowName(other) && one.level === other.level && one.limit === other.limit;
}
