import { describe, expect, it } from '@jest/globals';
import { loadPolicy } from '../../../src/config/policyFiles.js';
import { RULES, type LimitRule } from '../../../src/domain/policy/policy.js';
import { eventId } from '../../../src/support/eventId.js';
import { OneAccount } from './oneAccount.js';

const NOW = Date.parse('2026-05-20T10:30:00Z');
const GIB = 2 ** 30;
const context = { policy: loadPolicy('policy'), now: NOW, id: eventId };

type Row = [plan: string, rule: LimitRule, figure: number, said: string];

/** For each limit of the shipped policy the figures around 80 % and 100 %, and what follows there. */
const TABLE: Row[] = [
  ...around('pro', 'chats-per-hour', 2_000, { at80: 'warn', at100: 'warn violate', over: 'warn violate' }),
  ...around('unlimited', 'chats-per-hour', 2_000, {
    at80: 'warn',
    at100: 'warn violate',
    over: 'warn violate',
  }),
  ...around('ltd', 'chats-per-hour', 2_000, { at80: 'warn', at100: 'warn violate', over: 'warn violate' }),
  ...around('mystery', 'chats-per-hour', 2_000, {
    at80: 'warn',
    at100: 'warn violate',
    over: 'warn violate',
  }),
  ...around('pro', 'sessions-per-month', 10_000, {
    at80: 'warn',
    at100: 'warn violate',
    over: 'warn violate overage',
  }),
  ...around('unlimited', 'sessions-per-month', 50_000, {
    at80: 'warn',
    at100: 'warn violate',
    over: 'warn violate overage',
  }),
  ...around('sandbox', 'sessions-per-month', 100, {
    at80: '',
    at100: 'violate invite',
    over: 'violate invite overage',
  }),
  ...around('sandbox', 'chats-per-month', 100, {
    at80: '',
    at100: 'violate invite limit-service',
    over: 'violate invite limit-service',
  }),
  ...around('ltd', 'tickets-per-month', 10_000, {
    at80: 'warn',
    at100: 'warn violate',
    over: 'warn violate overage',
  }),
  ...around('pro', 'upload-bytes-per-year', 10 * GIB, {
    at80: 'warn',
    at100: 'warn violate',
    over: 'warn violate overage',
  }),
  ...around('sandbox', 'upload-bytes-per-year', 10 * GIB, {
    at80: '',
    at100: 'violate',
    over: 'violate overage',
  }),
  ['ltd', 'sessions-per-month', 20_000, ''],
];

function around(
  plan: string,
  rule: LimitRule,
  limit: number,
  said: { at80: string; at100: string; over: string },
): Row[] {
  const eighty = (limit / 100) * 80;
  return [
    [plan, rule, eighty - 1, ''],
    [plan, rule, eighty, said.at80],
    [plan, rule, limit - 1, said.at80],
    [plan, rule, limit, said.at100],
    [plan, rule, limit + 1, said.over],
  ];
}

/** What an account of the plan hears of the rule once its figure is reached: bytes in one file, the rest one by one. */
function saidAt(plan: string, rule: LimitRule, figure: number): string {
  const metric = RULES[rule].metric;
  const account = new OneAccount(context, [metric]);
  account.become(plan);
  if (metric === 'upload_bytes') account.use(metric, 'w', 1, figure);
  else account.use(metric, 'w', figure);
  const { changes } = account;
  const of = (name: string, happened: boolean): string[] => (happened ? [name] : []);
  const due = changes.consequences.newNotices.filter((notice) => notice.rule === rule);
  return [
    ...of(
      'warn',
      due.some(({ kind }) => kind === 'THRESHOLD_WARNING'),
    ),
    ...of(
      'violate',
      changes.consequences.violations.some((violation) => violation.rule === rule),
    ),
    ...of(
      'invite',
      due.some(({ kind }) => kind === 'UPGRADE_INVITATION'),
    ),
    ...of(
      'limit-service',
      [...changes.consequences.measures].some((measure) => measure.rule === rule),
    ),
    ...of(
      'overage',
      changes.consequences.overages.some((overage) => overage.rule === rule),
    ),
  ].join(' ');
}

describe('the limits of the shipped policy', () => {
  it.each(TABLE)('%s, %s: at %i: %j', (plan, rule, figure, said) => {
    expect(saidAt(plan, rule, figure)).toBe(said);
  });
});
