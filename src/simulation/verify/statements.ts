import type { Truth } from '../truth/types.js';
import { scopeInWords, type Statement } from './differences.js';

type Value = Statement['says'][string];

/** A violation in any form: of a limit (with a window), of a file, of a condition. */
export interface ViolationFacts {
  accountId: string;
  workspaceId: string | null;
  rule: string;
  /** null: a rule without windows. */
  start: number | null;
  occurredAt: number;
}

/** Rules that the truth judges; what an operator reports and what is judged daily is not its matter. */
export const JUDGED_RULES: readonly string[] = [
  ...[
    'chats-per-hour',
    'sessions-per-month',
    'chats-per-month',
    'tickets-per-month',
    'upload-bytes-per-year',
  ],
  ...['file-size', 'one-workspace', 'own-websites', 'not-transferable', 'eligible-customer'],
];

/** Names a violation. */
export function violationInWords({ start, occurredAt, ...of }: ViolationFacts): string {
  const at = new Date(occurredAt).toISOString();
  const scope = start === null ? placeInWords(of) : scopeInWords({ ...of, start });
  return `${scope}, ${at}`;
}

function placeInWords(of: { accountId: string; workspaceId: string | null; rule: string }): string {
  const workspace = of.workspaceId === null ? [] : [of.workspaceId];
  return [`account ${of.accountId}`, of.rule, ...workspace].join(', ');
}

/** Every violation of the truth; `says` chooses what is said of each. */
export function violationsOf(truth: Truth) {
  return [
    ...truth.violations.map((one) => ({
      facts: { ...one, occurredAt: one.crossedAt },
      figures: { used: one.used, limit: one.limit, level: 100, causeEventId: one.causeEventId },
      details: {},
      closedAt: null as number | null,
    })),
    ...truth.largeFiles.map((one) => ({
      facts: { ...one, start: null },
      figures: { used: one.sizeBytes, limit: one.limit, level: null, causeEventId: one.causeEventId },
      details: { fileName: one.fileName, sizeBytes: String(one.sizeBytes), botId: one.botId },
      closedAt: null,
    })),
    ...truth.brokenConditions.map((one) => ({
      facts: { ...one, start: null },
      figures: { used: null, limit: null, level: null, causeEventId: null },
      details: {},
      closedAt: one.closedAt,
    })),
  ];
}

/** What is said of an overage; contract §4 leaves open which step and limit CLOSED names. */
export function overageStatement(
  one: Parameters<typeof scopeInWords>[0] & {
    kind: string;
    stepPercent: number;
    limit: number;
    used: number;
  },
): Statement {
  const { kind, stepPercent, limit, used } = one;
  const what = kind === 'CLOSED' ? kind : `${kind} ${String(stepPercent)} % of ${String(limit)}`;
  return { about: `${scopeInWords(one)}, ${what}`, says: { used } };
}

/** Values of a decoded record that can be compared. */
export function value(record: Record<string, unknown>, field: string): Value {
  const found = record[field];
  if (found === undefined || found === null) return null;
  if (typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean') return found;
  return JSON.stringify(found);
}
