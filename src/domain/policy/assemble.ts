import {
  RULES,
  type Allowed,
  type Condition,
  type ConditionRule,
  type FileSize,
  type Limit,
  type LimitRule,
  type LongRunTerms,
  type Metric,
  type Plan,
  type PolicyVersion,
  type Scope,
  type StrikeTerms,
} from './policy.js';

/** The terms of one limit as written: a plan gives only those in which it differs from the common limit. */
interface LimitTerms {
  readonly limit?: Allowed | undefined;
  readonly per?: Scope | undefined;
  readonly warnAt?: 80 | 'never' | undefined;
  readonly overage?: boolean | undefined;
  /** Milliseconds. */
  readonly cooldown?: number | 'none' | undefined;
  readonly inviteUpgrade?: boolean | undefined;
  readonly measure?: 'LIMIT_SERVICE' | 'none' | undefined;
  readonly clause?: string | undefined;
}

type LimitTermsByRule = Readonly<Partial<Record<LimitRule, LimitTerms | undefined>>>;
type ClausesByRule = Readonly<Partial<Record<ConditionRule, string | undefined>>>;

interface PlanTerms {
  readonly name: string;
  readonly limits?: LimitTermsByRule | undefined;
  readonly fileSize?: FileSizeTerms | undefined;
  readonly conditions?: ClausesByRule | undefined;
}

interface FileSizeTerms {
  readonly limit: Allowed;
  readonly clause: string;
}

interface LongRunAverageTerms extends Omit<LongRunTerms, 'metrics'> {
  /** A day, by the metrics that are compared. */
  readonly minimumAverage: Readonly<Partial<Record<Metric, number | undefined>>>;
}

/** A policy version as written in its file, each value checked. */
export interface PolicyTerms {
  readonly version: string;
  /** Epoch milliseconds. */
  readonly effectiveFrom: number;
  readonly common: {
    readonly limits: LimitTermsByRule;
    readonly fileSize: FileSizeTerms;
    readonly conditions?: ClausesByRule | undefined;
  };
  readonly deals?: { readonly conditions: ClausesByRule } | undefined;
  readonly strikes?: StrikeTerms | undefined;
  readonly longRunAverage?: LongRunAverageTerms | undefined;
  readonly plans: Readonly<Record<string, PlanTerms>>;
}

/** Merges what all plans have into each plan. The hash of the content is the caller's to add. */
export function assemble(terms: PolicyTerms): Omit<PolicyVersion, 'hash'> {
  const { common } = terms;
  const strikes = terms.strikes ?? null;
  const commonFileSize = fileSizeOf(common.fileSize);
  const plans = Object.entries(terms.plans).map(([id, plan]): Plan => ({
    id,
    name: plan.name,
    limits: limitsFrom(common.limits, plan.limits ?? {}, strikes),
    fileSize: plan.fileSize === undefined ? commonFileSize : fileSizeOf(plan.fileSize),
    conditions: conditionsFrom({ ...common.conditions, ...plan.conditions }),
  }));
  const version = {
    version: terms.version,
    effectiveFrom: terms.effectiveFrom,
    common: limitsFrom(common.limits, {}, strikes),
    commonFileSize,
    commonConditions: conditionsFrom(common.conditions ?? {}),
    dealConditions: conditionsFrom(terms.deals?.conditions ?? {}),
  };
  const longRun = terms.longRunAverage === undefined ? null : longRunFrom(terms.longRunAverage);
  const inOrder = plans.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  return {
    ...version,
    longRun,
    plans: new Map(plans.map((plan) => [plan.id, plan])),
    // A version without the rule keeps the hash it had before there was one.
    content: canonicalJson({ ...version, ...(longRun === null ? {} : { longRun }), plans: inOrder }),
  };
}

function limitsFrom(
  common: LimitTermsByRule,
  own: LimitTermsByRule,
  strikes: StrikeTerms | null,
): readonly Limit[] {
  // In the order of RULES, so that neither the file's order nor inheritance shows in the content.
  return (Object.keys(RULES) as LimitRule[]).flatMap((rule) => {
    if (common[rule] === undefined && own[rule] === undefined) return [];
    return [limitFrom(rule, { ...common[rule], ...own[rule] }, strikes)];
  });
}

function limitFrom(rule: LimitRule, terms: LimitTerms, strikes: StrikeTerms | null): Limit {
  const { limit, per, clause } = terms;
  if (limit === undefined || per === undefined || clause === undefined) {
    throw new TypeError(`${rule} is incomplete`);
  }
  const judged = limit.kind === 'limited';
  return {
    rule,
    ...RULES[rule],
    scope: per,
    allowed: limit,
    warnAt: judged && terms.warnAt === 80 ? 80 : null,
    overage: judged && terms.overage === true,
    cooldownMs: judged && typeof terms.cooldown === 'number' ? terms.cooldown : null,
    inviteUpgrade: judged && terms.inviteUpgrade === true,
    measure: judged && terms.measure === 'LIMIT_SERVICE' ? terms.measure : null,
    // Hour episodes and months; a year is too long to be an "again and again".
    strike: judged && RULES[rule].windowKind !== 'year' ? strikes : null,
    clause,
  };
}

function fileSizeOf({ limit, clause }: FileSizeTerms): FileSize {
  return { allowed: limit, clause };
}

function longRunFrom({ minimumAverage, ...terms }: LongRunAverageTerms): LongRunTerms {
  const metrics = (Object.keys(minimumAverage) as Metric[]).toSorted().flatMap((metric) => {
    const least = minimumAverage[metric];
    return least === undefined ? [] : [{ metric, minimumAverage: least }];
  });
  return { ...terms, metrics };
}

function conditionsFrom(clauses: ClausesByRule): readonly Condition[] {
  return (Object.keys(clauses) as ConditionRule[])
    .toSorted()
    .flatMap((rule) => (clauses[rule] === undefined ? [] : [{ rule, clause: clauses[rule] }]));
}

/** JSON with the keys of every object in order. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}
