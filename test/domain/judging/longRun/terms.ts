import type { PlanInForce } from '../../../../src/domain/accounts/account.js';
import type { Average } from '../../../../src/domain/judging/longRun/averages.js';
import { DAY_MS } from '../../../../src/domain/judging/longRun/days.js';
import type { LongRunTerms } from '../../../../src/domain/policy/policy.js';

/** Small numbers that tests can reach. */
export function termsOf(change: Partial<LongRunTerms> = {}): LongRunTerms {
  return {
    days: 10,
    minimumDays: 3,
    minimumPeers: 5,
    score: 3,
    multiple: 5,
    usualShare: 95,
    metrics: [{ metric: 'chats', minimumAverage: 2 }],
    clause: 'A clause.',
    ...change,
  };
}

/** In force from the beginning of a day, or `at` of it (a share of the day). */
export function inForce(day: number, plan = 'pro', status: PlanInForce['status'] = 'ACTIVE'): PlanInForce {
  return { from: day * DAY_MS, plan, status };
}

export function averageOf(accountId: string, perDay: number, change: Partial<Average> = {}): Average {
  return {
    accountId,
    metric: 'chats',
    plan: 'pro',
    perDay,
    days: 10,
    perDayWithCampaigns: perDay,
    daysWithCampaigns: 10,
    judged: true,
    ...change,
  };
}
