import type { Metric, RuleName, WindowKind } from './types.js';

/** A rule of a plan as contract §5 prints it. */
export interface PlanRule {
  rule: RuleName;
  metric: Metric;
  windowKind: WindowKind;
  scope: 'account' | 'workspace';
  limit: number | null;
  /** Whether surpassing it is an overage for business development. */
  overage: boolean;
}

export interface Plan {
  /** Whether the customer is told at 80 %. */
  warns: boolean;
  rules: PlanRule[];
}

const chatsPerHour = (scope: PlanRule['scope']): PlanRule => ({
  rule: 'chats-per-hour',
  metric: 'chats',
  windowKind: 'hour',
  scope,
  limit: 2_000,
  overage: false,
});

const sessionsPerMonth = (limit: number | null): PlanRule => ({
  rule: 'sessions-per-month',
  metric: 'sessions',
  windowKind: 'month',
  scope: 'workspace',
  limit,
  overage: true,
});

const chatsPerMonth: PlanRule = {
  rule: 'chats-per-month',
  metric: 'chats',
  windowKind: 'month',
  scope: 'account',
  limit: 100,
  overage: false,
};

const ticketsPerMonth: PlanRule = {
  rule: 'tickets-per-month',
  metric: 'tickets',
  windowKind: 'month',
  scope: 'account',
  limit: 10_000,
  overage: true,
};

/** The plans by id; a plan that the policy does not know is judged by the rules of all plans. */
export function planTable(uploadBytesPerYear: number): (plan: string) => Plan {
  const uploads: PlanRule = {
    rule: 'upload-bytes-per-year',
    metric: 'upload_bytes',
    windowKind: 'year',
    scope: 'account',
    limit: uploadBytesPerYear,
    overage: true,
  };
  const hourly = chatsPerHour('account');
  const plans = new Map<string, Plan>([
    ['sandbox', { warns: false, rules: [hourly, sessionsPerMonth(100), chatsPerMonth, uploads] }],
    ['pro', { warns: true, rules: [hourly, sessionsPerMonth(10_000), uploads] }],
    ['unlimited', { warns: true, rules: [hourly, sessionsPerMonth(50_000), uploads] }],
    [
      'ltd',
      { warns: true, rules: [chatsPerHour('workspace'), sessionsPerMonth(null), ticketsPerMonth, uploads] },
    ],
  ]);
  const unknown: Plan = { warns: true, rules: [hourly, uploads] };
  return (plan) => plans.get(plan) ?? unknown;
}

/** Every rule and scope that any plan knows: an event may lie in the window of each. */
export const RULE_SHAPES: readonly Omit<PlanRule, 'limit' | 'overage'>[] = [
  chatsPerHour('account'),
  chatsPerHour('workspace'),
  sessionsPerMonth(null),
  chatsPerMonth,
  ticketsPerMonth,
  { rule: 'upload-bytes-per-year', metric: 'upload_bytes', windowKind: 'year', scope: 'account' },
];
