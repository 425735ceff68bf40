import type { Truth } from '../../src/simulation/truth/types.js';

/** What follows from levels and facts beside crossings and warnings, each as sorted lines. */
export interface Consequences {
  /** Every step that business development is told. */
  overages: string[];
  /** The service limit. */
  measures: string[];
  invitations: string[];
  /** Files that are too large and conditions that are broken. */
  facts: string[];
}

/** Lines that can be compared whatever the order. */
export function sortedLines(items: readonly unknown[][]): string[] {
  return items.map((line) => JSON.stringify(line)).sort();
}

/** The contract leaves open which step and limit a CLOSED one names. */
export function overageStep(o: {
  kind: string;
  stepPercent: number;
  limit: number;
  used: number;
}): unknown[] {
  return o.kind === 'CLOSED' ? [o.kind, o.used] : [o.kind, o.stepPercent, o.limit, o.used];
}

/** The recount's word on them. */
export function consequencesOf(truth: Truth): Consequences {
  return {
    overages: sortedLines(
      truth.overageSteps.map((o) => [o.accountId, o.rule, o.workspaceId ?? '', o.start, ...overageStep(o)]),
    ),
    measures: sortedLines(
      truth.measures.map((m) => [m.accountId, m.status, m.limit, m.effectiveFrom, m.effectiveUntil]),
    ),
    invitations: sortedLines(
      truth.invitations.map((n) => [n.accountId, n.start, n.status, n.createdAt, n.reason]),
    ),
    facts: sortedLines([
      ...truth.largeFiles.map((f) => [
        ...[f.accountId, f.rule, f.workspaceId, f.occurredAt, null],
        ...[f.sizeBytes, f.limit, f.causeEventId],
      ]),
      ...truth.brokenConditions.map((c) => [
        ...[c.accountId, c.rule, c.workspaceId ?? '', c.occurredAt, c.closedAt],
        ...[null, null, null],
      ]),
    ]),
  };
}
