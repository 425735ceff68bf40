import { z } from 'zod';
import { RULES, USUAL_SHARES, type LimitRule } from '../domain/policy/policy.js';
import { nearestOf } from './nearest.js';
import { bytes, count, duration, expecting, instant, number, period, shown, size } from './policyValues.js';

/** Text that people or other systems read back: something, and no blanks around it. */
const text = z
  .string(expecting('a text (a number needs quotes)'))
  .regex(/^\S(.*\S)?$/s, expecting('a text without blanks around it'));

const identifier = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
const yesOrNo = z.boolean(expecting('true or false'));

const limits = map(
  Object.fromEntries(
    (Object.keys(RULES) as LimitRule[]).map((rule) => [
      rule,
      limitTerms(RULES[rule].metric === 'upload_bytes' ? bytes : count).optional(),
    ]),
  ) as Record<LimitRule, z.ZodOptional<ReturnType<typeof limitTerms>>>,
);

const conditions = map({
  'one-workspace': text.optional(),
  'own-websites': text.optional(),
  'not-transferable': text.optional(),
  'eligible-customer': text.optional(),
  'no-resale': text.optional(),
});

const fileSize = map({ limit: bytes, clause: text });

const plan = map({
  name: text,
  limits: limits.optional(),
  fileSize: fileSize.optional(),
  conditions: conditions.optional(),
});

const perDay = number(1, 1e9, { whole: true }).optional();
const shares = Object.keys(USUAL_SHARES).map(Number) as (keyof typeof USUAL_SHARES)[];

const longRunAverage = map({
  days: number(7, 366, { whole: true }),
  minimumDays: number(1, 366, { whole: true }),
  // Of fewer than 20 one is more than 5 %: two outliers would hide each other.
  minimumPeers: number(20, 1e6, { whole: true }),
  // Below 2.5 what lies high would hide itself in the figures that it is held against.
  score: number(2.5, 100, { whole: false }),
  multiple: number(1.1, 1_000, { whole: false }),
  usualShare: z.literal(shares, expecting(shares.join(' or '))),
  minimumAverage: map({
    chats: perDay,
    sessions: perDay,
    tickets: perDay,
    upload_bytes: size.optional(),
  }).refine((metrics) => Object.keys(metrics).length > 0, 'names no metric'),
  clause: text,
}).refine(
  (terms: Partial<Record<string, unknown>> | null) => !isMore(terms?.['minimumDays'], terms?.['days']),
  {
    path: ['minimumDays'],
    error: 'is more than days',
    // Beside any other problem.
    when: () => true,
  },
);

/** One policy file. Keys that it does not name are errors. */
export const policySchema = map({
  version: text,
  effectiveFrom: instant,
  common: map({ limits, fileSize, conditions: conditions.optional() }),
  deals: map({ conditions }).optional(),
  strikes: map({ lastFor: period, clause: text }).optional(),
  longRunAverage: longRunAverage.optional(),
  plans: z
    .record(z.string().regex(identifier), plan, expecting('the plans by their ids'))
    .refine((plans) => Object.keys(plans).length > 0, 'names no plan'),
});

/** Of values that may be wrong in themselves, which is told elsewhere. */
function isMore(one: unknown, other: unknown): boolean {
  return typeof one === 'number' && typeof other === 'number' && one > other;
}

function limitTerms(amount: typeof count) {
  return map({
    limit: amount.optional(),
    per: choice(['account', 'workspace']).optional(),
    warnAt: z.literal([80, 'never'], expecting('80 or never')).optional(),
    overage: yesOrNo.optional(),
    cooldown: duration.optional(),
    inviteUpgrade: yesOrNo.optional(),
    measure: choice(['LIMIT_SERVICE', 'none']).optional(),
    clause: text.optional(),
  });
}

function choice<const T extends readonly string[]>(names: T) {
  return z.enum(names, {
    error: ({ input }) =>
      expecting(names.join(' or ')).error({ input }) +
      (typeof input === 'string' ? nearestOf(input, names) : ''),
  });
}

/** A map of exactly these keys. Unknown keys give one line of message each, in the order of the issue's keys. */
function map<T extends z.core.$ZodLooseShape>(shape: T) {
  const names = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `unknown key ${shown(key)}${nearestOf(key, names)}`).join('\n')
        : expecting('a map').error(issue),
  });
}
