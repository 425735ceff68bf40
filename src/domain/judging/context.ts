import type { Policy } from '../policy/policy.js';

/** What a decision is made with besides the account: passed in, so that deciding stays pure. */
export interface Context {
  readonly policy: Policy;
  /** Business time of the engine, epoch ms: creation times and staleness. */
  readonly now: number;
  /** A stable id (UUID version 5) for the thing that the parts name. */
  id(...parts: readonly (string | number)[]): string;
}
