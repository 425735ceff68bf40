import { LRUCache } from 'lru-cache';
import type { AccountState } from '../../domain/counting/accountState.js';

/** State of accounts between batches, least recently used out; the database is the authority, this only saves reading. */
export class AccountCache {
  private readonly states: LRUCache<string, AccountState>;

  constructor(budgetBytes: number) {
    this.states = new LRUCache({ maxSize: budgetBytes, sizeCalculation: (state) => state.weight });
  }

  /**
   * Takes an account's state out, if it is of this version. It comes back by {@link put} after the commit: what a failed
   * transaction touched is simply gone.
   */
  take(accountId: string, version: number): AccountState | undefined {
    const state = this.states.get(accountId);
    this.states.delete(accountId);
    return state?.version === version ? state : undefined;
  }

  put(state: AccountState): void {
    // A state heavier than the whole budget would be refused silently anyway.
    this.states.set(state.accountId, state);
  }

  /** The database may not be the one it was (restored, failed over): versions prove nothing any more. */
  clear(): void {
    this.states.clear();
  }

  get accounts(): number {
    return this.states.size;
  }

  get bytes(): number {
    return this.states.calculatedSize;
  }
}
