import type { ConditionRule } from '../policy/policy.js';

/** Rules whose violations rest on a fact that can end. */
export type FactRule = ConditionRule | 'long-run-average';

/** A fact that broke a rule, as recorded last. */
export interface RecordedFact {
  readonly rule: FactRule;
  /** Names the fact within its rule: the new owner, the website, the customer's type. */
  readonly fact: string;
  /** 0, and one more for each time it ended and began again. */
  readonly generation: number;
  /** The violation it made. */
  readonly violationId: string;
  readonly open: boolean;
}

/** What conditions are judged by besides the snapshot. */
export interface ConditionState {
  /** Who held the account when it began to be not transferable; null: it is transferable, or not judged yet. */
  readonly owner: string | null;
  /** Newest generations only. */
  readonly facts: readonly RecordedFact[];
}

export const NO_CONDITIONS: ConditionState = { owner: null, facts: [] };
