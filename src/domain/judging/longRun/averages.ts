import type { PlanInForce } from '../../accounts/account.js';
import type { LongRunTerms, Metric } from '../../policy/policy.js';
import type { Window } from '../../windows/window.js';
import { windowOfDay } from './days.js';

/** The UTC days that are looked back on, `day` the last of them. */
export interface Period {
  readonly day: number;
  readonly days: number;
}

/** What an account used in a period. */
export interface AccountUse {
  readonly accountId: string;
  /** Ascending by `from`. */
  readonly history: readonly PlanInForce[];
  /** By metric, the figure of each day of the period, the first day first; a metric without any use may be absent. */
  readonly used: Readonly<Partial<Record<Metric, ArrayLike<number>>>>;
  /** By metric, when more than usual was agreed. */
  readonly campaigns: Readonly<Partial<Record<Metric, readonly Window[]>>>;
}

/** An account's average of one metric, as it is compared with its plan's. */
export interface Average {
  readonly accountId: string;
  readonly metric: Metric;
  /** The plan the account had on most of its days; only its days count. */
  readonly plan: string;
  /** Without the days of agreed campaigns. */
  readonly perDay: number;
  readonly days: number;
  readonly perDayWithCampaigns: number;
  readonly daysWithCampaigns: number;
  /** Whether the last day counts: an account that was inactive and unused all day is a peer, but not judged. */
  readonly judged: boolean;
}

/**
 * The averages by which an account is compared, one for each metric that rests on enough days; none for a plan that
 * `isKnownPlan` does not know. A day counts when the account was known by then, and active at some moment of it or used.
 * Of several plans the one of most days decides, of equals the later; days of other plans do not count.
 */
export function averagesOf(
  use: AccountUse,
  period: Period,
  terms: LongRunTerms,
  isKnownPlan: (plan: string) => boolean,
): Average[] {
  const plans = plansByDay(use, period, terms);
  const plan = mostFrequent(plans);
  if (plan === null || !isKnownPlan(plan)) return [];
  const judged = plans.at(-1) !== null;
  return terms.metrics.flatMap(({ metric }): Average[] => {
    const used = use.used[metric] ?? [];
    const campaigns = use.campaigns[metric] ?? [];
    const all = { sum: 0, days: 0 };
    const usual = { sum: 0, days: 0 };
    plans.forEach((one, n) => {
      if (one !== plan) return;
      add(all, used[n] ?? 0);
      if (!isCampaign(campaigns, firstDay(period) + n)) add(usual, used[n] ?? 0);
    });
    if (usual.days < terms.minimumDays) return [];
    return [
      {
        accountId: use.accountId,
        metric,
        plan,
        perDay: usual.sum / usual.days,
        days: usual.days,
        perDayWithCampaigns: all.sum / all.days,
        daysWithCampaigns: all.days,
        judged,
      },
    ];
  });
}

/** By day of the period the plan at the day's end; null for a day that does not count. */
function plansByDay(use: AccountUse, period: Period, terms: LongRunTerms): (string | null)[] {
  return Array.from({ length: period.days }, (_, n) => {
    const { start, end } = windowOfDay(firstDay(period) + n);
    const inForce = use.history.filter(
      ({ from }, i) => from < end && (use.history[i + 1]?.from ?? Infinity) > start,
    );
    const counts =
      inForce.some(isActive) || terms.metrics.some(({ metric }) => (use.used[metric]?.[n] ?? 0) > 0);
    return counts ? (inForce.at(-1)?.plan ?? null) : null;
  });
}

function isActive({ status }: PlanInForce): boolean {
  return status === 'ACTIVE' || status === 'UNKNOWN';
}

function mostFrequent(plans: readonly (string | null)[]): string | null {
  const counts = new Map<string, number>();
  for (const plan of plans) if (plan !== null) counts.set(plan, (counts.get(plan) ?? 0) + 1);
  let best: string | null = null;
  // From the last day back: of equals, the one found first stays.
  for (const plan of plans.toReversed()) {
    if (plan === null) continue;
    if (best === null || (counts.get(plan) ?? 0) > (counts.get(best) ?? 0)) best = plan;
  }
  return best;
}

function firstDay({ day, days }: Period): number {
  return day - days + 1;
}

function isCampaign(campaigns: readonly Window[], day: number): boolean {
  const { start, end } = windowOfDay(day);
  return campaigns.some((agreed) => agreed.start < end && agreed.end > start);
}

function add(total: { sum: number; days: number }, figure: number): void {
  total.sum += figure;
  total.days += 1;
}
