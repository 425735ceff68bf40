import type { AccountSnapshot } from '../records.js';
import { emit, type Emission } from './emission.js';
import type { Profile } from './roster.js';
import { SCENE_ACCOUNTS } from './sceneAccounts.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What happened to accounts so far; kept over restarts. */
export interface AccountChanges {
  /** The newest snapshot of every account that changed. */
  snapshots: Record<string, AccountSnapshot>;
  /** Accounts that were closed by a tombstone. */
  closed: string[];
  /** Names of the changes that are done. */
  done: string[];
}

interface Planned {
  accountId: string;
  /** After the start of a run. */
  after: number;
  /** The account's id, where it has only one. */
  name?: string;
  change: Partial<AccountSnapshot> | ((now: AccountSnapshot) => Partial<AccountSnapshot>) | 'close';
}

const [first, second] = ['Support', 'Sales'];

/** In the order of time. */
const PLANNED: readonly Planned[] = [
  {
    ...{ accountId: SCENE_ACCOUNTS.secondWorkspace, after: 15 * SECOND, name: 'second workspace' },
    change: ({ accountId, workspaces }) => ({
      workspaces: [...workspaces, { workspaceId: `${accountId}-ws-2`, name: second, websites: [] }],
    }),
  },
  // In the middle of its month, with its 100 chats used up.
  { accountId: SCENE_ACCOUNTS.outgrown, after: 50 * SECOND, change: { plan: 'pro' } },
  {
    ...{ accountId: SCENE_ACCOUNTS.secondWorkspace, after: 60 * SECOND, name: 'one workspace again' },
    change: ({ workspaces }) => ({ workspaces: workspaces.filter(({ name }) => name === first) }),
  },
  {
    ...{ accountId: SCENE_ACCOUNTS.oddRecord, after: 2 * MINUTE },
    change: ({ accountId, contacts, workspaces }) => ({
      timeZone: 'Europe/Paris',
      billingAnchorDay: null,
      contacts: contacts.map((contact) => ({ ...contact, email: `on-duty@${accountId}.example.com` })),
      workspaces: workspaces.filter(({ name }, index) => index === 0 || name !== 'Support, once more'),
    }),
  },
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
    return PLANNED.flatMap(({ accountId, after, name = accountId, change }) => {
      const profile = profiles.find(({ snapshot }) => snapshot.accountId === accountId);
      if (profile === undefined || now - this.start < after || this.changes.done.includes(name)) return [];
      this.changes.done.push(name);
      if (change === 'close') {
        this.changes.closed.push(accountId);
        return [{ topic: 'platform.accounts.v1' as const, key: accountId, bytes: null }];
      }
      const { snapshot } = profile;
      const news = typeof change === 'function' ? change(snapshot) : change;
      profile.snapshot = { ...snapshot, ...news, revision: snapshot.revision + 1, updatedAt: now };
      this.changes.snapshots[accountId] = profile.snapshot;
      return [emit({ topic: 'platform.accounts.v1', value: profile.snapshot })];
    });
  }
}
