import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPolicy } from '../../src/config/policyFiles.js';
import type { Policy } from '../../src/domain/policy/policy.js';
import type { Truth } from '../../src/simulation/truth/types.js';

/** Bytes of uploads a year in these tests: a few uploads reach it. */
export const UPLOAD_BYTES = 1_000;

/** The shipped policy with a yearly limit that tests can reach. */
export function smallPolicy(): Policy {
  return policyWith();
}

/** A later version of the policy: its date, and what its text has in place of what. */
export interface LaterVersion {
  readonly from: string;
  readonly changes: readonly (readonly [string, string])[];
}

/** The same, and versions that come into force after it. */
export function policyWith(...later: readonly LaterVersion[]): Policy {
  const shipped = readFileSync(new URL('../../policy/fair-use-2021-10-19.yaml', import.meta.url), 'utf8');
  const text = shipped.replace('limit: 10 GiB', `limit: ${UPLOAD_BYTES}`);
  const folder = mkdtempSync(join(tmpdir(), 'fair-use-policy-'));
  try {
    writeFileSync(join(folder, 'first.yaml'), text);
    later.forEach(({ from, changes }, index) => {
      const dated = text
        .replace("version: '2021-10-19'", `version: 'later-${index + 1}'`)
        .replace('effectiveFrom: 2021-10-19T00:00:00Z', `effectiveFrom: ${from}`);
      const changed = changes.reduce((before, [old, replacement]) => {
        if (!before.includes(old)) throw new Error(`the policy has no ${old}`);
        return before.replace(old, replacement);
      }, dated);
      writeFileSync(join(folder, `later-${index + 1}.yaml`), changed);
    });
    return loadPolicy(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Scope {
  accountId: string;
  workspaceId: string | null;
  rule: string;
  start: number;
}

/** What engine and oracle are compared by. */
export interface Results {
  windows: (Scope & { end: number; used: number; peak: number | null; limit: number | null; plan: string })[];
  crossings: (Scope & {
    level: number;
    limit: number;
    used: number;
    crossedAt: number;
    causeEventId: string | null;
    continuesEpisode: boolean;
  })[];
  violations: (Scope & { occurredAt: number })[];
  overages: (Scope & { limit: number; used: number })[];
  notices: (Scope & { level: number; createdAt: number; status: string; reason: string | null })[];
}

/** The oracle's word in the same terms. */
export function resultsOf(truth: Truth): Results {
  const scope = ({ accountId, workspaceId, rule, start }: Scope): Scope => ({
    accountId,
    workspaceId,
    rule,
    start,
  });
  return {
    windows: truth.windows.map((w) => ({
      ...scope(w),
      end: w.end,
      used: w.used,
      peak: w.peak60m,
      limit: w.limit,
      plan: w.plan,
    })),
    crossings: truth.crossings.map((c) => ({
      ...scope(c),
      level: c.level,
      limit: c.limit,
      used: c.used,
      crossedAt: c.crossedAt,
      causeEventId: c.causeEventId,
      continuesEpisode: c.continuesEpisode,
    })),
    violations: truth.violations.map((v) => ({ ...scope(v), occurredAt: v.crossedAt })),
    overages: truth.overages.map((o) => ({ ...scope(o), limit: o.limit, used: o.used })),
    notices: truth.notices.map((n) => ({
      ...scope(n),
      level: n.level,
      createdAt: n.createdAt,
      status: n.status === 'DUE' ? 'PENDING' : n.status,
      reason: n.reason,
    })),
  };
}

/** Each list as sorted lines, so that a difference reads well and order does not matter. */
export function comparable(results: Results): Record<keyof Results, string[]> {
  const lines = (items: readonly object[]): string[] =>
    items
      .map((item) =>
        Object.entries(item)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, value]) => `${key}=${shown(key, value)}`)
          .join(' '),
      )
      .sort();
  return {
    windows: lines(results.windows),
    crossings: lines(results.crossings),
    violations: lines(results.violations),
    overages: lines(results.overages),
    notices: lines(results.notices),
  };
}

function shown(key: string, value: unknown): string {
  const isTime = typeof value === 'number' && /^(start|end|crossedAt|occurredAt|createdAt)$/.test(key);
  return isTime ? new Date(value).toISOString() : String(value);
}
