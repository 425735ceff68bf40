import type { WindowKind } from '../windows/window.js';

/**
 * Limits are compared as used × 100 ≥ limit × level, with levels up to 1,000 %: every such product must stay a whole
 * number that JavaScript holds exactly.
 */
export const LARGEST_LIMIT = Math.floor(Number.MAX_SAFE_INTEGER / 1_000);

export type Metric = 'chats' | 'sessions' | 'tickets' | 'upload_bytes';
export type Scope = 'account' | 'workspace';
export type LimitRule =
  'chats-per-hour' | 'sessions-per-month' | 'chats-per-month' | 'tickets-per-month' | 'upload-bytes-per-year';
/** What an LTD plan, a deal or every account has agreed to beside its limits. */
export type ConditionRule =
  'one-workspace' | 'own-websites' | 'not-transferable' | 'eligible-customer' | 'no-resale';

/** "unlimited" is a kind of limit, not a number. */
export type Allowed = { readonly kind: 'limited'; readonly amount: number } | { readonly kind: 'unlimited' };

/** What is counted by a rule, and over which window. */
export const RULES: Readonly<
  Record<LimitRule, { readonly metric: Metric; readonly windowKind: WindowKind }>
> = {
  'chats-per-hour': { metric: 'chats', windowKind: 'hour' },
  'sessions-per-month': { metric: 'sessions', windowKind: 'month' },
  'chats-per-month': { metric: 'chats', windowKind: 'month' },
  'tickets-per-month': { metric: 'tickets', windowKind: 'month' },
  'upload-bytes-per-year': { metric: 'upload_bytes', windowKind: 'year' },
};

/** What going over a limit again and again is held by (policy: "Reaching or exceeding the fair usage levels repeatedly"). */
export interface StrikeTerms {
  /** How long a strike stands, milliseconds. */
  readonly lastFor: number;
  readonly clause: string;
}

/** One limit of one plan. An unlimited one neither warns nor has an overage. */
export interface Limit {
  readonly rule: LimitRule;
  readonly metric: Metric;
  readonly windowKind: WindowKind;
  readonly scope: Scope;
  readonly allowed: Allowed;
  /** Level (per cent) of the customer's warning; null: no warning. */
  readonly warnAt: 80 | null;
  /** Business development is told past 100 %. */
  readonly overage: boolean;
  /** Milliseconds between two warnings of one scope; null: no such rule. */
  readonly cooldownMs: number | null;
  /** The customer is invited to upgrade at 100 %. */
  readonly inviteUpgrade: boolean;
  /** The measure that the policy itself takes at 100 %, without anyone's approval. */
  readonly measure: 'LIMIT_SERVICE' | null;
  /** Reaching the limit is held against the account; null: it is not. */
  readonly strike: StrikeTerms | null;
  /** The sentence of the published policy that it stems from. */
  readonly clause: string;
}

/** Largest upload, in bytes. */
export interface FileSize {
  readonly allowed: Allowed;
  readonly clause: string;
}

export interface Condition {
  readonly rule: ConditionRule;
  readonly clause: string;
}

export interface Plan {
  readonly id: string;
  readonly name: string;
  /** Complete: the common limits included. */
  readonly limits: readonly Limit[];
  readonly fileSize: FileSize;
  /** Complete: the common conditions included. */
  readonly conditions: readonly Condition[];
}

/**
 * Normal quantiles: which share (per cent) of a normal population lies below how many standard deviations. With them the
 * spread of a population is read off its upper part.
 */
export const USUAL_SHARES = {
  90: 1.2815515655446004,
  95: 1.6448536269514722,
  99: 2.3263478740408408,
} as const;

export type UsualShare = keyof typeof USUAL_SHARES;

/**
 * When an account's average over a longer period is an outlier among its plan's (policy: "as long as the average traffic
 * over longer periods is not significantly higher than that of other users"). All of these must hold.
 */
export interface LongRunTerms {
  /** Length of the period: UTC days, the one that is judged included. */
  readonly days: number;
  /** Fewest days of the period that an account's average must rest on. */
  readonly minimumDays: number;
  /** Fewest other accounts of the plan to be compared with. */
  readonly minimumPeers: number;
  /** Least distance from the peers' median, in spreads of the logarithms. */
  readonly score: number;
  /** Least multiple of the peers' median. */
  readonly multiple: number;
  /** Per cent of the peers whose distance from the median is usual, however far it is. */
  readonly usualShare: UsualShare;
  /** What is compared, each with the least average a day that may be an outlier. */
  readonly metrics: readonly { readonly metric: Metric; readonly minimumAverage: number }[];
  /** The sentence of the published policy that it stems from. */
  readonly clause: string;
}

/** One version of the policy, in force from `effectiveFrom` (epoch milliseconds) until the next one's. */
export interface PolicyVersion {
  readonly version: string;
  readonly effectiveFrom: number;
  /** SHA-256 (hex) of `content`. */
  readonly hash: string;
  /** Canonical JSON of everything that decides: the same whatever the file's layout and comments. */
  readonly content: string;
  readonly plans: ReadonlyMap<string, Plan>;
  /** What all plans have; judges accounts whose plan the policy does not know. */
  readonly common: readonly Limit[];
  readonly commonFileSize: FileSize;
  readonly commonConditions: readonly Condition[];
  /** What a deal of any plan has agreed to besides. */
  readonly dealConditions: readonly Condition[];
  /** How averages over longer periods are judged; null: they are not. */
  readonly longRun: LongRunTerms | null;
}

/** Ascending by effectiveFrom, never empty. */
export interface Policy {
  readonly versions: readonly PolicyVersion[];
}

/**
 * The version in force at the instant (epoch milliseconds); before the first one's effective date, the first.
 * @throws RangeError when the policy has no version
 */
export function policyAt(policy: Policy, instant: number): PolicyVersion {
  const version =
    policy.versions.findLast(({ effectiveFrom }) => effectiveFrom <= instant) ?? policy.versions[0];
  if (version === undefined) throw new RangeError('the policy has no version');
  return version;
}

/** From when until when (epoch ms) the version is in force that is so at the instant. */
export function versionSpan(policy: Policy, instant: number): { from: number; until: number } {
  const next = policy.versions.findIndex(({ effectiveFrom }) => effectiveFrom > instant);
  const index = next < 0 ? policy.versions.length - 1 : next - 1;
  return {
    from: policy.versions[index]?.effectiveFrom ?? -Infinity,
    until: policy.versions[next]?.effectiveFrom ?? Infinity,
  };
}

/**
 * The versions that came into force after the one of the hash, up to the instant (epoch ms), ascending. After a version
 * that the policy does not have (its file was edited or taken away): the one in force, whatever its date.
 */
export function versionsAfter(policy: Policy, hash: string, instant: number): readonly PolicyVersion[] {
  const index = policy.versions.findIndex((version) => version.hash === hash);
  if (index < 0) return [policyAt(policy, instant)];
  const last = policy.versions.findLastIndex(({ effectiveFrom }) => effectiveFrom <= instant);
  return last > index ? policy.versions.slice(index + 1, last + 1) : [];
}

/** The limits of a plan; for a plan that this version does not name, those that all plans have. */
export function limitsOf(version: PolicyVersion, planId: string): readonly Limit[] {
  return version.plans.get(planId)?.limits ?? version.common;
}

/** The largest file that a plan allows; for a plan that this version does not name, that of all plans. */
export function fileSizeFor(version: PolicyVersion, planId: string): FileSize {
  return version.plans.get(planId)?.fileSize ?? version.commonFileSize;
}

/** What an account of the plan has agreed to, each rule once; a deal of any plan has agreed to what deals have. */
export function conditionsFor(version: PolicyVersion, planId: string, isDeal: boolean): readonly Condition[] {
  const own = version.plans.get(planId)?.conditions ?? version.commonConditions;
  if (!isDeal) return own;
  return [...own, ...version.dealConditions.filter(({ rule }) => !own.some((c) => c.rule === rule))];
}
