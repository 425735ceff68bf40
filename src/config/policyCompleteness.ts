import { RULES, type LimitRule } from '../domain/policy/policy.js';

interface Incomplete {
  /** The path of the limit. */
  readonly path: readonly string[];
  readonly reason: string;
}

type Raw = Readonly<Record<string, unknown>>;

/**
 * What the limits of a policy file lack once the common terms are merged into each plan's. Works on the values
 * as written, so that it finds its problems beside any others.
 */
export function incompleteLimits(file: unknown): readonly Incomplete[] {
  const common = at(file, 'common', 'limits');
  const plans = at(file, 'plans');
  const problems = check(common, ['common', 'limits']);
  for (const id of Object.keys(plans)) {
    const own = at(plans, id, 'limits');
    for (const rule of Object.keys(own)) {
      const inherited = at(common, rule);
      // What already lacks something in the common terms is told once, there.
      if (problems.some(({ path }) => path[0] === 'common' && path[2] === rule)) continue;
      problems.push(...check({ [rule]: mergedTerms(inherited, own[rule]) }, ['plans', id, 'limits']));
    }
  }
  return problems;
}

function check(limits: Raw, path: readonly string[]): Incomplete[] {
  return Object.entries(limits).flatMap(([rule, terms]) =>
    isRule(rule) && isMap(terms)
      ? reasons(rule, terms).map((reason) => ({ path: [...path, rule], reason }))
      : [],
  );
}

function reasons(rule: LimitRule, terms: Raw): string[] {
  const hourly = RULES[rule].windowKind === 'hour';
  const needed = ['limit', 'per', 'clause'];
  if (terms['limit'] !== 'unlimited') needed.push('warnAt', 'overage', ...(hourly ? ['cooldown'] : []));
  const missing = needed.filter((name) => !(name in terms)).map((name) => `${name} is missing`);
  if (hourly && terms['overage'] === true) {
    missing.push('overage: only limits per month or year have overages');
  }
  return missing;
}

function mergedTerms(common: Raw, own: unknown): unknown {
  return isMap(own) ? { ...common, ...own } : own;
}

function at(value: unknown, ...path: readonly string[]): Raw {
  const found = path.reduce<unknown>((part, key) => (isMap(part) ? part[key] : undefined), value);
  return isMap(found) ? found : {};
}

function isRule(name: string): name is LimitRule {
  return Object.hasOwn(RULES, name);
}

function isMap(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
