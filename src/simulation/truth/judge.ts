import { rowName, type Account, type Row } from './account.js';
import { Episodes, type Episode } from './episodes.js';
import type { Invitations } from './invitations.js';
import type { Measures } from './measures.js';
import type { Notices } from './notices.js';
import type { Overages } from './overages.js';
import type { Plan, PlanRule } from './plans.js';
import type { Policies } from './policies.js';
import type { Cause, Crossing, Notice } from './types.js';

interface Standing {
  rule: PlanRule;
  limit: number;
  warns: boolean;
  figure: number;
}

interface Reached {
  crossing: Crossing;
  /** Hours only. */
  episode: Episode | null;
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
  private readonly recorded = new Map<string, Reached>();
  private readonly notices: Notices;

  constructor(
    private readonly policies: Policies,
    private readonly then: Consequences,
  ) {
    this.notices = then.notices;
  }

  /** What the plan and the policy in force say; those at its end, where the window is over. */
  planOf(account: Account, row: Pick<Row, 'end'>): Plan {
    const atEnd = this.policies.at(row.end - 1);
    const version = atEnd.from < account.version.from ? atEnd : account.version;
    return version.planOf(account.planFor(row.end));
  }

  /** The rule for this row, its limit with what was agreed beyond; undefined where the plan names none. */
  ruleFor(account: Account, row: Pick<Row, 'rule' | 'workspaceId' | 'start' | 'end'>): PlanRule | undefined {
    const scope = row.workspaceId === null ? 'account' : 'workspace';
    const { rules } = this.planOf(account, row);
    const rule = rules.find((candidate) => candidate.rule === row.rule && candidate.scope === scope);
    if (rule === undefined || rule.limit === null) return rule;
    return { ...rule, limit: rule.limit + account.agreements.beyond(row.rule, row) };
  }

  /** The order of what is reached at one instant: earlier windows, then as the plan lists its limits, then workspaces. */
  inOrder(account: Account, rows: readonly Row[]): Row[] {
    const place = (row: Row): number =>
      this.planOf(account, row).rules.findIndex(({ rule }) => rule === row.rule);
    return rows.toSorted(
      (a, b) =>
        a.start - b.start || place(a) - place(b) || ((a.workspaceId ?? '') < (b.workspaceId ?? '') ? -1 : 1),
    );
  }

  judge(account: Account, row: Row, cause: Cause): void {
    const standing = this.standing(account, row);
    this.settleMeasure(row, standing, cause);
    if (standing === null) return;
    const { limit, figure, rule } = standing;
    const eighty = standing.warns ? this.cross(row, standing, 80, cause) : null;
    const hundred = this.cross(row, standing, 100, cause);
    if (eighty !== null && this.isToBeTold(eighty)) {
      this.notices.issue(account, eighty, hundred === null ? 80 : 100, cause.now);
    }
    if (hundred?.crossing.continuesEpisode === false) this.violations.push(hundred.crossing);
    const { invitations } = this.then;
    const returns = (): boolean => reaches(figure, limit, 100) && invitations.wasTakenBack(row, limit);
    if (rule.invites && (hundred !== null || returns())) invitations.issue(account, row, limit, cause);
    if (rule.overage) this.then.overages.tell(row, limit, figure, cause.asOf);
  }

  /** One episode makes one notice; one whose notices were all taken back has made none. */
  private isToBeTold({ crossing, episode }: Reached): boolean {
    return !crossing.continuesEpisode || (episode !== null && this.notices.tookAllBack(episode));
  }

  private settleMeasure(row: Row, standing: Standing | null, cause: Cause): void {
    const due = standing?.rule.limitsService === true && reaches(standing.figure, standing.limit, 100);
    this.then.measures.settle(row, due ? standing.limit : null, cause);
  }

  /** After a change: what is not true any more goes, and what its cooldown held back may come. */
  review(account: Account, accountId: string, { asOf, now }: Cause): void {
    this.then.invitations.review(accountId, (one) => this.stillInvites(account, one), asOf, now);
    for (const notice of this.notices.of(accountId).filter(({ end }) => end > asOf)) {
      if (this.isTrue(account, notice) || !this.notices.cancel(notice, now)) continue;
      this.release(account, this.notices.suppressedBy(notice), now);
    }
  }

  /** After a change: a warning about this row that was cancelled and is true again returns. */
  reissue(account: Account, row: Row, now: number): void {
    const limit = this.standing(account, row)?.limit;
    const about = this.notices
      .of(row.accountId)
      .filter((notice) => rowName(notice) === rowName(row) && notice.limit === limit);
    const latest = about.at(-1);
    if (latest?.status !== 'CANCELLED' || !this.isTrue(account, latest)) return;
    const reached = this.recorded.get(crossingName(latest, latest.limit, 80));
    if (reached !== undefined) this.notices.issue(account, reached, latest.level, now);
  }

  /** A warning that failed frees the newest one it held back. */
  settleFailures(accountOf: (accountId: string) => Account | undefined, now: number): void {
    for (const failed of this.notices.settleFailures(now)) {
      const account = accountOf(failed.accountId);
      if (account !== undefined) this.release(account, this.notices.suppressedBy(failed), now);
    }
  }

  private release(account: Account, notice: Notice | undefined, now: number): void {
    if (notice !== undefined && this.isTrue(account, notice)) this.notices.release(account, notice, now);
  }

  private stillInvites(account: Account, invitation: Notice): boolean {
    const standing = this.standingOf(account, invitation);
    if (standing?.rule.invites !== true || standing.limit !== invitation.limit) return false;
    return reaches(standing.figure, standing.limit, 100);
  }

  private isTrue(account: Account, notice: Notice): boolean {
    const standing = this.standingOf(account, notice);
    if (standing?.warns !== true || standing.limit !== notice.limit) return false;
    return reaches(standing.figure, standing.limit, notice.level);
  }

  private standingOf(account: Account, notice: Notice): Standing | null {
    const row = account.rows.get(rowName(notice));
    return row === undefined ? null : this.standing(account, row);
  }

  private standing(account: Account, row: Row): Standing | null {
    const rule = this.ruleFor(account, row);
    if (rule === undefined || rule.limit === null) return null;
    const { warns } = this.planOf(account, row);
    return { rule, limit: rule.limit, warns, figure: account.figure(row) };
  }

  /** Records a level that is reached and not yet recorded for this limit. */
  private cross(row: Row, standing: Standing, level: 80 | 100, cause: Cause): Reached | null {
    const { limit, figure } = standing;
    const name = crossingName(row, limit, level);
    if (!reaches(figure, limit, level) || this.recorded.has(name)) return null;
    const { accountId, workspaceId, rule, metric, windowKind, start, end } = row;
    const key = { accountId, workspaceId, rule, metric, windowKind, start, end };
    const joined = windowKind === 'hour' ? this.episodes.join({ ...key, level }) : null;
    const crossing: Crossing = {
      ...key,
      level,
      limit,
      used: figure,
      crossedAt: cause.at,
      causeEventId: cause.eventId,
      continuesEpisode: joined?.continues ?? false,
    };
    const reached = { crossing, episode: joined?.episode ?? null };
    this.recorded.set(name, reached);
    this.crossings.push(crossing);
    return reached;
  }
}

function crossingName(
  row: Pick<Row, 'accountId' | 'rule' | 'workspaceId' | 'start'>,
  limit: number,
  level: number,
) {
  return `${rowName(row)}|${String(limit)}|${String(level)}|${row.accountId}`;
}
