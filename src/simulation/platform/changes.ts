import type { AccountSnapshot } from '../records.js';
import { emit, type Emission } from './emission.js';
import type { Profile } from './roster.js';

const MINUTE = 60_000;

/** What happened to accounts so far; kept over restarts. */
export interface AccountChanges {
  /** The newest snapshot of every account that changed. */
  snapshots: Record<string, AccountSnapshot>;
  /** Accounts that were closed by a tombstone. */
  closed: string[];
  done: string[];
}

type Change = Partial<Pick<AccountSnapshot, 'plan' | 'timeZone' | 'company'>> | 'close';

/** By account: when in the first run, and what. */
const PLANNED: readonly { accountId: string; after: number; change: Change }[] = [
  { accountId: 'acc-10', after: 3 * MINUTE, change: { company: 'Example Bakery & Daughters' } },
  { accountId: 'acc-06', after: 4 * MINUTE, change: 'close' },
  { accountId: 'acc-02', after: 6 * MINUTE, change: { plan: 'pro' } },
  { accountId: 'acc-12', after: 7 * MINUTE, change: { timeZone: 'Asia/Kathmandu' } },
];

/** Publishes the snapshots: all at the start of a run, newcomers after their first events, changes when they happen. */
export class AccountFeed {
  private readonly published = new Set<string>();

  constructor(
    private readonly start: number,
    private readonly changes: AccountChanges,
  ) {}

  until(now: number, profiles: readonly Profile[]): Emission[] {
    const fresh = profiles.filter(
      ({ snapshot, knownAfter }) =>
        !this.published.has(snapshot.accountId) &&
        now - this.start >= knownAfter &&
        !this.changes.closed.includes(snapshot.accountId),
    );
    for (const { snapshot } of fresh) this.published.add(snapshot.accountId);
    const snapshots = fresh.map(({ snapshot }) => emit({ topic: 'platform.accounts.v1', value: snapshot }));
    return [...snapshots, ...this.changesUntil(now, profiles)];
  }

  private changesUntil(now: number, profiles: readonly Profile[]): Emission[] {
    return PLANNED.flatMap(({ accountId, after, change }) => {
      const profile = profiles.find(({ snapshot }) => snapshot.accountId === accountId);
      if (profile === undefined || now - this.start < after || this.changes.done.includes(accountId))
        return [];
      this.changes.done.push(accountId);
      if (change === 'close') {
        this.changes.closed.push(accountId);
        return [{ topic: 'platform.accounts.v1' as const, key: accountId, bytes: null }];
      }
      const revision = profile.snapshot.revision + 1;
      profile.snapshot = { ...profile.snapshot, ...change, revision, updatedAt: now };
      this.changes.snapshots[accountId] = profile.snapshot;
      return [emit({ topic: 'platform.accounts.v1', value: profile.snapshot })];
    });
  }
}
