import type { LimitRule } from '../policy/policy.js';
import type { Window, WindowKind } from '../windows/window.js';

export type Level = 80 | 100;

/** A level reached by a scope in a window under a limit: recorded once, never changed. */
export interface Crossing {
  readonly rule: LimitRule;
  readonly workspaceId: string;
  readonly window: Window;
  readonly level: Level;
  readonly limit: number;
  /** The figure right after the cause. */
  readonly used: number;
  readonly crossedAt: number;
  readonly causeEventId: string | null;
  readonly continuesEpisode: boolean;
  /** The hour (epoch ms) that began the episode; null for months and years. */
  readonly episodeStart: number | null;
  readonly detectedAt: number;
}

export type NoticeKind = 'THRESHOLD_WARNING' | 'UPGRADE_INVITATION' | 'MEASURE_NOTICE' | 'CORRECTION';
export type NoticeStatus = 'PENDING' | 'SENT' | 'SUPPRESSED' | 'CANCELLED' | 'FAILED' | 'UNKNOWN';

/** A notice to the customer about a limit, from being due to its end. */
export interface Notice {
  readonly id: string;
  readonly kind: NoticeKind;
  readonly rule: LimitRule;
  readonly workspaceId: string;
  readonly windowKind: WindowKind;
  readonly window: Window;
  readonly level: Level;
  readonly limit: number;
  /** 0, and one more for each time it was cancelled and became true again. */
  readonly generation: number;
  status: NoticeStatus;
  reason: string | null;
  createdAt: number;
  /** A delivery was attempted: it can no longer be cancelled. */
  readonly attempted: boolean;
  /** When the first mail was accepted. */
  readonly sentAt: number | null;
  /** The event of the contract (§4), as published. */
  readonly record: Readonly<Record<string, unknown>>;
}

/** Takes back what a sent notice said of a limit; `limit` is the one that applied, null where none did. */
export type Correction = Omit<Notice, 'kind' | 'limit'> & {
  readonly kind: 'CORRECTION';
  readonly limit: number | null;
};

/** An overage event that was emitted, by what makes it unique. */
export interface OverageStep {
  readonly kind: 'STARTED' | 'GREW' | 'CLOSED';
  readonly rule: LimitRule;
  readonly workspaceId: string;
  readonly windowStart: number;
  readonly stepPercent: number;
  readonly limit: number;
}

/** A measure that the policy itself takes, from being applied until it is lifted or its window ends. */
export interface AutomaticMeasure {
  readonly id: string;
  readonly kind: 'LIMIT_SERVICE';
  readonly rule: LimitRule;
  readonly workspaceId: string;
  readonly window: Window;
  readonly limit: number;
  /** 0, and one more for each time it was lifted and became due again. */
  readonly generation: number;
  readonly effectiveFrom: number;
  status: 'APPLIED' | 'LIFTED';
  effectiveUntil: number;
  updatedAt: number;
}

/** A violation that is held against the account for a time (policy: "repeatedly"). Times in epoch milliseconds. */
export interface Strike {
  readonly rule: LimitRule;
  readonly workspaceId: string;
  readonly windowStart: number;
  readonly at: number;
  /** It no longer stands from here on. */
  readonly until: number;
}

/** What was recorded of an account, for windows that end after `since` and notices created after it. */
export interface Ledger {
  readonly since: number;
  readonly crossings: Crossing[];
  readonly notices: Notice[];
  /** Ids of the corrections that were issued. */
  readonly corrections: Set<string>;
  readonly overages: OverageStep[];
  readonly measures: AutomaticMeasure[];
  /** Those that stand after `since`. */
  readonly strikes: Strike[];
}

/** A ledger of which nothing is recorded after `since` (epoch ms). */
export function emptyLedger(since: number): Ledger {
  return {
    since,
    crossings: [],
    notices: [],
    corrections: new Set(),
    overages: [],
    measures: [],
    strikes: [],
  };
}

/** How far before an event (ms) judging looks: an episode reaches 24 hours back, the cooldown of its notice 24 more. */
export const LEDGER_REACH_MS = 50 * 3_600_000;

/** Nothing was recorded, ever. */
export const NO_LEDGER: Ledger = emptyLedger(-Infinity);

export function hasCrossing(
  ledger: Ledger,
  of: { rule: LimitRule; workspaceId: string; window: Window },
  level: Level,
  limit: number,
): boolean {
  return ledger.crossings.some(
    (c) =>
      c.window.start === of.window.start &&
      c.rule === of.rule &&
      c.workspaceId === of.workspaceId &&
      c.level === level &&
      c.limit === limit,
  );
}

/** Whether the limit was surpassed by the step (percent: 100 STARTED, more GREW) in the window. */
export function hasOverage(
  ledger: Ledger,
  of: { rule: LimitRule; workspaceId: string; window: Window },
  stepPercent: number,
  limit: number,
): boolean {
  return ledger.overages.some(
    (o) => o.kind !== 'CLOSED' && isOf(o, of) && o.stepPercent === stepPercent && o.limit === limit,
  );
}

/** Whether the window's overage was closed: nothing of it is emitted any more. */
export function isClosed(
  ledger: Ledger,
  of: { rule: LimitRule; workspaceId: string; window: Window },
): boolean {
  return ledger.overages.some((o) => o.kind === 'CLOSED' && isOf(o, of));
}

function isOf(step: OverageStep, of: { rule: LimitRule; workspaceId: string; window: Window }): boolean {
  return step.windowStart === of.window.start && step.rule === of.rule && step.workspaceId === of.workspaceId;
}
