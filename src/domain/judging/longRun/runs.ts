import type { AccountState } from '../../counting/accountState.js';
import type { AccountChanges } from '../../counting/changes.js';
import type { PolicyVersion } from '../../policy/policy.js';
import type { Context } from '../context.js';
import type { RecordedFact } from '../facts.js';
import { recordRuleViolation } from '../ruleViolation.js';
import { windowOfDay } from './days.js';
import { timesMedian, type Outlier } from './outliers.js';

const RULE = 'long-run-average';
// An account has one run at a time, whichever metric keeps it going.
const FACT = 'outlier';
const SHOWN_DIGITS = 6;

/**
 * Carries an account's run of outlier days on by one day: the first makes a violation, the first day that is none ends
 * it (contract §4, "once per run of outlier days"). `outlier`: the day's figures, null when it is none; `version`: the
 * policy they were judged by. Judging a day twice changes nothing. Returns what changed.
 */
export function judgeRun(
  state: AccountState,
  changes: AccountChanges,
  outlier: Outlier | null,
  day: number,
  version: PolicyVersion,
  context: Context,
): 'began' | 'ended' | 'none' {
  const { conditions } = state;
  if (conditions === null) throw new Error(`the conditions of ${state.accountId} were not loaded`);
  const last = conditions.facts.find(({ rule, fact }) => rule === RULE && fact === FACT);
  const isOpen = last?.open === true;
  if (isOpen === (outlier !== null)) return 'none';
  const others = conditions.facts.filter((fact) => fact !== last);
  const at = windowOfDay(day).end;
  if (outlier === null) {
    if (last === undefined) return 'none';
    changes.consequences.closedViolations.push({ id: last.violationId, closedAt: at });
    state.conditions = { ...conditions, facts: [...others, { ...last, open: false }] };
    return 'ended';
  }
  const begun = begin(state, changes, outlier, (last?.generation ?? -1) + 1, { at, day, version }, context);
  state.conditions = { ...conditions, facts: [...others, begun] };
  return 'began';
}

function begin(
  state: AccountState,
  changes: AccountChanges,
  outlier: Outlier,
  generation: number,
  { at, day, version }: { at: number; day: number; version: PolicyVersion },
  context: Context,
): RecordedFact {
  const id = context.id('violation', state.accountId, '', RULE, FACT, generation);
  recordRuleViolation(
    changes,
    state.accountId,
    {
      id,
      rule: RULE,
      workspaceId: '',
      plan: outlier.plan,
      policyVersion: version.version,
      used: null,
      limit: null,
      causeEventId: null,
      occurredAt: at,
      details: { ...detailsOf(outlier, day), clause: version.longRun?.clause ?? '' },
      fact: { name: FACT, generation },
    },
    context.now,
  );
  return { rule: RULE, fact: FACT, generation, violationId: id, open: true };
}

/** The figures that explain it, as texts (contract §4, `details`). */
function detailsOf(outlier: Outlier, day: number): Record<string, string> {
  const { metric, plan, perDay, days, perDayWithCampaigns, daysWithCampaigns, score, peers } = outlier;
  return {
    metric,
    plan,
    day: new Date(windowOfDay(day).start).toISOString().slice(0, 10),
    averagePerDay: shown(perDay),
    days: String(days),
    averagePerDayWithCampaigns: shown(perDayWithCampaigns),
    daysWithCampaigns: String(daysWithCampaigns),
    peersMedianPerDay: shown(peers.median),
    timesMedian: shown(timesMedian(outlier)),
    peers: String(peers.count),
    score: Number.isFinite(score) ? shown(score) : 'unbounded: the peers are all alike',
  };
}

function shown(figure: number): string {
  return String(Number(figure.toPrecision(SHOWN_DIGITS)));
}
