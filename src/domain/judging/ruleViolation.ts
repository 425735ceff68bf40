import type { AccountChanges } from '../counting/changes.js';
import type { FactRule } from './facts.js';

// A name as long as a record would make an event that no topic takes.
const DETAIL_MAX = 500;

/** The breach of a rule that has no levels and no window. */
export interface RuleViolation {
  readonly id: string;
  readonly rule: 'file-size' | FactRule;
  /** `''`: the whole account. */
  readonly workspaceId: string;
  readonly plan: string;
  readonly policyVersion: string;
  readonly used: number | null;
  readonly limit: number | null;
  readonly causeEventId: string | null;
  readonly occurredAt: number;
  readonly details: Readonly<Record<string, string>>;
  /** Where it rests on a fact that can end. */
  readonly fact?: { readonly name: string; readonly generation: number };
}

/** Records the violation and its event (contract §4, the fields in its order). */
export function recordRuleViolation(
  changes: AccountChanges,
  accountId: string,
  violation: RuleViolation,
  detectedAt: number,
): void {
  const { id, rule, workspaceId, occurredAt, fact } = violation;
  const details = Object.fromEntries(
    Object.entries(violation.details).map(([name, text]) => [name, shortened(text)]),
  );
  changes.consequences.violations.push({
    id,
    rule,
    workspaceId,
    windowStart: null,
    occurredAt,
    details,
    fact,
  });
  changes.consequences.outgoing.push({
    topic: 'fair-use.violations.v1',
    eventId: id,
    record: {
      violationId: id,
      accountId,
      workspaceId: workspaceId === '' ? null : workspaceId,
      plan: violation.plan,
      policyVersion: violation.policyVersion,
      rule,
      metric: null,
      windowKind: null,
      windowStart: null,
      windowEnd: null,
      used: violation.used,
      limit: violation.limit,
      level: null,
      causeEventId: violation.causeEventId,
      occurredAt,
      detectedAt,
      details,
    },
  });
}

function shortened(text: string): string {
  if (text.length <= DETAIL_MAX) return text;
  // By characters: half a surrogate pair is no text.
  const characters = Array.from(text.slice(0, DETAIL_MAX * 2 + 2));
  return characters.length <= DETAIL_MAX ? text : `${characters.slice(0, DETAIL_MAX).join('')}…`;
}
