import type { ConditionRule, Metric, PolicyFigures, RuleName, WindowKind } from './types.js';

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

const DEAL_CONDITIONS = ['not-transferable', 'eligible-customer'] as const;

/** The policy as shipped (contract §5). */
export const SHIPPED: Omit<PolicyFigures, 'uploadBytesPerYear'> = {
  chatsPerHour: 2_000,
  sandboxSessions: 100,
  proSessions: 10_000,
  unlimitedSessions: 50_000,
  sandboxChats: 100,
  ltdTickets: 10_000,
  largestFile: 5 * 1024 ** 2,
  ltdConditions: ['one-workspace', 'own-websites', ...DEAL_CONDITIONS],
};

/** What an account has agreed to beside its limits; a deal has conditions on any plan. */
export function conditionsOf(plan: Plan, isDeal: boolean): ConditionRule[] {
  return [...new Set([...plan.conditions, ...(isDeal ? DEAL_CONDITIONS : [])])];
}

const NOTHING_MORE = { invites: false, limitsService: false };

const chatsPerHour = (limit: number, scope: PlanRule['scope']): PlanRule => ({
  rule: 'chats-per-hour',
  metric: 'chats',
  windowKind: 'hour',
  scope,
  limit,
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

const chatsPerMonth = (limit: number): PlanRule => ({
  rule: 'chats-per-month',
  metric: 'chats',
  windowKind: 'month',
  scope: 'account',
  limit,
  overage: false,
  invites: true,
  limitsService: true,
});

const ticketsPerMonth = (limit: number): PlanRule => ({
  rule: 'tickets-per-month',
  metric: 'tickets',
  windowKind: 'month',
  scope: 'account',
  limit,
  overage: true,
  ...NOTHING_MORE,
});

const plan = (rules: PlanRule[], rest: Partial<Plan> = {}): Plan => ({
  warns: true,
  conditions: [],
  rules,
  ...rest,
});

/** The plans by id; a plan that the policy does not know is judged by the rules of all plans. */
export function planTable(figures: PolicyFigures): (plan: string) => Plan {
  const uploads: PlanRule = {
    rule: 'upload-bytes-per-year',
    metric: 'upload_bytes',
    windowKind: 'year',
    scope: 'account',
    limit: figures.uploadBytesPerYear,
    overage: true,
    ...NOTHING_MORE,
  };
  const hourly = chatsPerHour(figures.chatsPerHour, 'account');
  const sandbox = [
    hourly,
    sessionsPerMonth(figures.sandboxSessions, true),
    chatsPerMonth(figures.sandboxChats),
    uploads,
  ];
  const ltd = [
    chatsPerHour(figures.chatsPerHour, 'workspace'),
    sessionsPerMonth(null),
    ticketsPerMonth(figures.ltdTickets),
    uploads,
  ];
  const plans = new Map<string, Plan>([
    ['sandbox', plan(sandbox, { warns: false })],
    ['pro', plan([hourly, sessionsPerMonth(figures.proSessions), uploads])],
    ['unlimited', plan([hourly, sessionsPerMonth(figures.unlimitedSessions), uploads])],
    ['ltd', plan(ltd, { conditions: figures.ltdConditions })],
  ]);
  const unknown = plan([hourly, uploads]);
  return (plan) => plans.get(plan) ?? unknown;
}

/** Every rule and scope that any plan knows: an event may lie in the window of each. */
export const RULE_SHAPES: readonly Pick<PlanRule, 'rule' | 'metric' | 'windowKind' | 'scope'>[] = [
  chatsPerHour(0, 'account'),
  chatsPerHour(0, 'workspace'),
  sessionsPerMonth(null),
  chatsPerMonth(0),
  ticketsPerMonth(0),
  { rule: 'upload-bytes-per-year', metric: 'upload_bytes', windowKind: 'year', scope: 'account' },
];
