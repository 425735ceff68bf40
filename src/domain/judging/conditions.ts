import type { Account } from '../accounts/account.js';
import type { AccountSnapshot } from '../accounts/snapshot.js';
import type { AccountState } from '../counting/accountState.js';
import type { AccountChanges } from '../counting/changes.js';
import {
  conditionsFor,
  policyAt,
  type Condition,
  type ConditionRule,
  type PolicyVersion,
} from '../policy/policy.js';
import type { Context } from './context.js';
import type { ConditionState, FactRule, RecordedFact } from './facts.js';
import { recordRuleViolation } from './ruleViolation.js';

/** A fact of a snapshot that breaks a condition. */
export interface Fact {
  readonly rule: ConditionRule;
  /** Names it within its rule. */
  readonly name: string;
  /** `''`: the whole account. */
  readonly workspaceId: string;
  readonly details: Readonly<Record<string, string>>;
}

type Reading = (snapshot: AccountSnapshot, owner: string | null) => Omit<Fact, 'rule'>[];

const INELIGIBLE: ReadonlySet<string> = new Set(['AGENCY', 'RESELLER', 'OUTSOURCER']);

const READINGS: Readonly<Partial<Record<FactRule, Reading>>> = {
  // "Jikoo allows only 1 workspace to be used on this plan."
  'one-workspace': ({ workspaces }) =>
    workspaces.length > 1
      ? [{ name: 'more than one', workspaceId: '', details: { workspaces: String(workspaces.length) } }]
      : [],
  // "All websites must belong to the company or individuals who have purchased the plan."
  'own-websites': foreignWebsites,
  // "All deals and LTD plans are not transferrable."
  'not-transferable': ({ ownerId }, owner) =>
    owner === null || owner === ownerId
      ? []
      : [{ name: ownerId, workspaceId: '', details: { from: owner, to: ownerId } }],
  // "Outsourcing companies, agencies, resellers are not eligible to purchase Deals and LTD plans".
  'eligible-customer': ({ customerType }) =>
    INELIGIBLE.has(customerType) ? [{ name: customerType, workspaceId: '', details: { customerType } }] : [],
};

/**
 * The facts of a snapshot that break the conditions named. `owner` is who held the account when it began to be not
 * transferable; null: it is.
 */
export function factsOf(
  snapshot: AccountSnapshot,
  rules: readonly ConditionRule[],
  owner: string | null,
): Fact[] {
  return rules.flatMap((rule) =>
    (READINGS[rule]?.(snapshot, owner) ?? []).map((fact) => ({ rule, ...fact })),
  );
}

/**
 * Judges the account's conditions, whatever its status: a violation for each fact that began, an end for each that
 * ended or is no longer ruled out. `before` is the account as it was; `policyTime` says which policy version is in force,
 * `at` when the facts began or ended (both epoch ms). Judging twice changes nothing.
 */
export function judgeConditions(
  state: AccountState,
  changes: AccountChanges,
  before: Account | null,
  { policyTime, at }: { policyTime: number; at: number },
  context: Context,
): void {
  const { account } = state;
  if (account === null) return;
  const known = conditionStateOf(state);
  const version = policyAt(context.policy, policyTime);
  const owner = ownerAtBeginning(known, version, before?.snapshot, account.snapshot);
  const conditions = conditionsOf(version, account.snapshot);
  const facts = factsOf(
    account.snapshot,
    conditions.map(({ rule }) => rule),
    owner,
  );
  const kept = known.facts
    .filter((recorded) => recorded.open || !facts.some((fact) => isSame(recorded, fact)))
    .map((recorded) => (hasEnded(recorded, facts) ? end(changes, recorded, at) : recorded));
  const begun = facts.flatMap((fact) => {
    const last = known.facts.find((recorded) => isSame(recorded, fact));
    if (last?.open === true) return [];
    const clause = conditions.find(({ rule }) => rule === fact.rule)?.clause ?? '';
    const details = { ...fact.details, clause };
    const generation = (last?.generation ?? -1) + 1;
    return [begin(state, changes, { ...fact, details }, generation, { version, at }, context)];
  });
  state.conditions = { owner, facts: [...kept, ...begun] };
  if (owner !== known.owner) changes.consequences.conditionOwner = { owner };
}

/** Records the violation that a fact makes when it begins. */
export function begin(
  state: AccountState,
  changes: AccountChanges,
  { rule, name, workspaceId, details }: Fact,
  generation: number,
  { version, at }: { version: PolicyVersion; at: number },
  context: Context,
): RecordedFact {
  const id = context.id('violation', state.accountId, '', rule, name, generation);
  recordRuleViolation(
    changes,
    state.accountId,
    {
      id,
      rule,
      workspaceId,
      plan: state.account?.snapshot.plan ?? '',
      policyVersion: version.version,
      used: null,
      limit: null,
      causeEventId: null,
      occurredAt: at,
      details,
      fact: { name, generation },
    },
    context.now,
  );
  return { rule, fact: name, generation, violationId: id, open: true };
}

function conditionStateOf(state: AccountState): ConditionState {
  if (state.conditions === null) throw new Error(`the conditions of ${state.accountId} were not loaded`);
  return state.conditions;
}

/** The owner known when the account became not transferable; it stays that one for as long as the condition holds. */
function ownerAtBeginning(
  known: ConditionState,
  version: PolicyVersion,
  before: AccountSnapshot | undefined,
  now: AccountSnapshot,
): string | null {
  const isBound = (snapshot: AccountSnapshot): boolean =>
    conditionsOf(version, snapshot).some(({ rule }) => rule === 'not-transferable');
  if (!isBound(now)) return null;
  if (known.owner !== null) return known.owner;
  return before !== undefined && isBound(before) ? before.ownerId : now.ownerId;
}

function conditionsOf(version: PolicyVersion, { plan, isDeal }: AccountSnapshot): readonly Condition[] {
  return conditionsFor(version, plan, isDeal);
}

function isSame(recorded: RecordedFact, fact: Fact): boolean {
  return recorded.rule === fact.rule && recorded.fact === fact.name;
}

// What snapshots do not show (a resale, an average) ends otherwise.
function hasEnded(recorded: RecordedFact, facts: readonly Fact[]): boolean {
  if (!recorded.open || READINGS[recorded.rule] === undefined) return false;
  return !facts.some((fact) => isSame(recorded, fact));
}

function end(changes: AccountChanges, recorded: RecordedFact, at: number): RecordedFact {
  changes.consequences.closedViolations.push({ id: recorded.violationId, closedAt: at });
  return { ...recorded, open: false };
}

function foreignWebsites({ company, workspaces }: AccountSnapshot): Omit<Fact, 'rule'>[] {
  const own = folded(company);
  if (own === '') return [];
  const found = new Map<string, Omit<Fact, 'rule'>>();
  for (const { workspaceId, websites } of workspaces) {
    for (const website of websites) {
      const theirs = folded(website.company);
      if (theirs === '' || theirs === own) continue;
      const name = JSON.stringify([workspaceId, folded(website.domain)]);
      if (found.has(name)) continue;
      const details = {
        domain: website.domain,
        company: website.company ?? '',
        accountCompany: company ?? '',
      };
      found.set(name, { name, workspaceId, details });
    }
  }
  return [...found.values()];
}

function folded(text: string | null): string {
  return (text ?? '').trim().toLowerCase();
}
