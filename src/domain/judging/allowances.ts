import { overlaps, type Allowance, type AllowedRule } from '../accounts/allowance.js';
import type { Account } from '../accounts/account.js';
import type { AccountState } from '../counting/accountState.js';
import type { AccountChanges } from '../counting/changes.js';
import { fileSizeFor, limitsOf, policyAt, RULES } from '../policy/policy.js';
import { windowAt } from '../windows/calendar.js';
import { hourOf, type Window } from '../windows/window.js';
import type { Context } from './context.js';
import { rejudgeOpen } from './rejudge.js';

/** What is to be agreed; times in epoch milliseconds, [from, to). */
export type AllowanceRequest = Pick<Allowance, 'rule' | 'extra' | 'from' | 'to' | 'reason'>;

export type GrantOutcome =
  | {
      readonly kind: 'granted';
      readonly allowance: Allowance;
      /** False: the plan in force has no such limit, so that it changes nothing until one has. */
      readonly limited: boolean;
    }
  /** The very same was granted before and stands. */
  | { readonly kind: 'stands'; readonly id: string }
  /** Every window that it overlaps has ended. */
  | { readonly kind: 'past' };

export type WithdrawOutcome =
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'unknown' }
  /** It was withdrawn before (epoch ms). */
  | { readonly kind: 'before'; readonly at: number };

/**
 * Agrees on more than a limit gives (policy, "How does our Policy work" and "Files storage": who plans more reaches out
 * beforehand); the open windows are judged anew at once. `id` names it.
 */
export function grantAllowance(
  state: AccountState,
  changes: AccountChanges,
  request: AllowanceRequest,
  id: string,
  context: Context,
): GrantOutcome {
  const account = accountOf(state);
  const same = account.allowances.find((a) => a.withdrawnAt === null && isSame(a, request));
  if (same !== undefined) return { kind: 'stands', id: same.id };
  const allowance: Allowance = { ...request, id, grantedAt: context.now, withdrawnAt: null };
  if (isPast(account, allowance, context.now)) return { kind: 'past' };
  change(state, changes, allowance, context);
  return { kind: 'granted', allowance, limited: isLimited(account, request.rule, context) };
}

/** Takes an allowance back; the open windows are judged anew at once, those that have ended keep it. */
export function withdrawAllowance(
  state: AccountState,
  changes: AccountChanges,
  id: string,
  context: Context,
): WithdrawOutcome {
  const allowance = accountOf(state).allowances.find((a) => a.id === id);
  if (allowance === undefined) return { kind: 'unknown' };
  if (allowance.withdrawnAt !== null) return { kind: 'before', at: allowance.withdrawnAt };
  change(state, changes, { ...allowance, withdrawnAt: context.now }, context);
  return { kind: 'withdrawn' };
}

function change(state: AccountState, changes: AccountChanges, allowance: Allowance, context: Context): void {
  const account = accountOf(state);
  const others = account.allowances.filter(({ id }) => id !== allowance.id);
  state.account = { ...account, allowances: [...others, allowance] };
  changes.consequences.allowances.push(allowance);
  if (allowance.rule === 'file-size') return;
  rejudgeOpen(state, changes, context.now, { eventId: null, at: context.now }, context);
}

function accountOf(state: AccountState): Account {
  if (state.account === null) throw new Error(`account ${state.accountId} is not known`);
  return state.account;
}

function isSame(allowance: Allowance, request: AllowanceRequest): boolean {
  return (
    allowance.rule === request.rule &&
    allowance.extra === request.extra &&
    allowance.from === request.from &&
    allowance.to === request.to
  );
}

function isPast(account: Account, allowance: Allowance, now: number): boolean {
  if (allowance.to > now) return false;
  return allowance.rule === 'file-size' || !overlaps(allowance, openWindow(account, allowance.rule, now));
}

function openWindow(account: Account, rule: Exclude<AllowedRule, 'file-size'>, now: number): Window {
  const kind = RULES[rule].windowKind;
  return kind === 'hour' ? hourOf(now) : windowAt(account.calendar, kind, now).window;
}

function isLimited({ snapshot }: Account, rule: AllowedRule, context: Context): boolean {
  const version = policyAt(context.policy, context.now);
  const allowed =
    rule === 'file-size'
      ? fileSizeFor(version, snapshot.plan).allowed
      : limitsOf(version, snapshot.plan).find((limit) => limit.rule === rule)?.allowed;
  return allowed?.kind === 'limited';
}
