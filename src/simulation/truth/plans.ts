import type { ConditionRule, Metric, RuleName, WindowKind } from './types.js';

/** A rule of a plan as contract §5 prints it. */
export interface PlanRule {
  rule: RuleName;
  metric: Metric;
  windowKind: WindowKind;
  scope: 'account' | 'workspace';
  limit: number | null;
  /** Whether surpassing it is an overage for business development. */
  overage: boolean;
  /** Whether reaching it invites the customer to upgrade. */
  invites: boolean;
  /** Whether reaching it limits the service until the window ends. */
  limitsService: boolean;
}

export interface Plan {
  /** Whether the customer is told at 80 %. */
  warns: boolean;
  rules: PlanRule[];
  conditions: readonly ConditionRule[];
}

/** 5 MiB, on every plan. */
export const LARGEST_FILE = 5 * 1024 ** 2;

const DEAL_CONDITIONS = ['not-transferable', 'eligible-customer'] as const;
const LTD_CONDITIONS = ['one-workspace', 'own-websites', ...DEAL_CONDITIONS] as const;

/** What an account has agreed to beside its limits; a deal has conditions on any plan. */
export function conditionsOf(plan: Plan, isDeal: boolean): ConditionRule[] {
  return [...new Set([...plan.conditions, ...(isDeal ? DEAL_CONDITIONS : [])])];
}

const NOTHING_MORE = { invites: false, limitsService: false };

const chatsPerHour = (scope: PlanRule['scope']): PlanRule => ({
  rule: 'chats-per-hour',
  metric: 'chats',
  windowKind: 'hour',
  scope,
  limit: 2_000,
  overage: false,
  ...NOTHING_MORE,
});

const sessionsPerMonth = (limit: number | null, invites = false): PlanRule => ({
  rule: 'sessions-per-month',
  metric: 'sessions',
  windowKind: 'month',
  scope: 'workspace',
  limit,
  overage: true,
  ...NOTHING_MORE,
  invites,
});

const chatsPerMonth: PlanRule = {
  rule: 'chats-per-month',
  metric: 'chats',
  windowKind: 'month',
  scope: 'account',
  limit: 100,
  overage: false,
  invites: true,
  limitsService: true,
};

const ticketsPerMonth: PlanRule = {
  rule: 'tickets-per-month',
  metric: 'tickets',
  windowKind: 'month',
  scope: 'account',
  limit: 10_000,
  overage: true,
  ...NOTHING_MORE,
};

const plan = (rules: PlanRule[], rest: Partial<Plan> = {}): Plan => ({
  warns: true,
  conditions: [],
  rules,
  ...rest,
});

/** The plans by id; a plan that the policy does not know is judged by the rules of all plans. */
export function planTable(uploadBytesPerYear: number): (plan: string) => Plan {
  const uploads: PlanRule = {
    rule: 'upload-bytes-per-year',
    metric: 'upload_bytes',
    windowKind: 'year',
    scope: 'account',
    limit: uploadBytesPerYear,
    overage: true,
    ...NOTHING_MORE,
  };
  const hourly = chatsPerHour('account');
  const plans = new Map<string, Plan>([
    ['sandbox', plan([hourly, sessionsPerMonth(100, true), chatsPerMonth, uploads], { warns: false })],
    ['pro', plan([hourly, sessionsPerMonth(10_000), uploads])],
    ['unlimited', plan([hourly, sessionsPerMonth(50_000), uploads])],
    [
      'ltd',
      plan([chatsPerHour('workspace'), sessionsPerMonth(null), ticketsPerMonth, uploads], {
        conditions: LTD_CONDITIONS,
      }),
    ],
  ]);
  const unknown = plan([hourly, uploads]);
  return (plan) => plans.get(plan) ?? unknown;
}

/** Every rule and scope that any plan knows: an event may lie in the window of each. */
export const RULE_SHAPES: readonly Pick<PlanRule, 'rule' | 'metric' | 'windowKind' | 'scope'>[] = [
  chatsPerHour('account'),
  chatsPerHour('workspace'),
  sessionsPerMonth(null),
  chatsPerMonth,
  ticketsPerMonth,
  { rule: 'upload-bytes-per-year', metric: 'upload_bytes', windowKind: 'year', scope: 'account' },
];
