import type { AccountSnapshot, Workspace } from '../records.js';
import { companyName, contactsOf, PLACES } from './people.js';
import { Random } from './random.js';
import { castAs, SCENE_ACCOUNTS, type SceneAccount } from './sceneAccounts.js';

const DAY = 86_400_000;

/** An account and how busy it is, each number relative to the others. */
export interface Profile {
  snapshot: AccountSnapshot;
  chats: number;
  sessions: number;
  tickets: number;
  uploads: number;
  /** Campaigns spike chats; the accounts of the opening scenes have none. */
  campaigns: boolean;
  /** How long after the start of a run its snapshot is published (ms): its events come before. */
  knownAfter: number;
}

type Traffic = Pick<Profile, 'chats' | 'sessions' | 'tickets' | 'uploads'>;

/** Long-lived plans carry the bulk of the sessions: what is unlimited gets used. */
const GROUPS: readonly { plan: string; count: number; workspaces: number; traffic: Traffic }[] = [
  {
    plan: 'sandbox',
    count: 6,
    workspaces: 1,
    traffic: { chats: 0.02, sessions: 0.02, tickets: 0.1, uploads: 0.1 },
  },
  { plan: 'pro', count: 14, workspaces: 3, traffic: { chats: 1, sessions: 0.4, tickets: 1, uploads: 1 } },
  {
    plan: 'unlimited',
    count: 8,
    workspaces: 4,
    traffic: { chats: 1.2, sessions: 2.5, tickets: 1, uploads: 1.5 },
  },
  { plan: 'ltd', count: 8, workspaces: 1, traffic: { chats: 0.8, sessions: 6, tickets: 2, uploads: 1 } },
];

function workspacesOf(accountId: string, domain: string, count: number): Workspace[] {
  return Array.from({ length: count }, (_, index) => ({
    workspaceId: `${accountId}-ws-${String(index + 1)}`,
    name: index === 0 ? 'Support' : `Team ${String(index + 1)}`,
    websites: [{ domain: index === 0 ? domain : `team-${String(index + 1)}.${domain}`, company: null }],
  }));
}

function profile(
  random: Random,
  index: number,
  accountId: string,
  updatedAt: number,
  group: (typeof GROUPS)[number],
): Profile {
  const place = PLACES[index % PLACES.length] ?? PLACES[0];
  const domain = `${accountId}.example.com`;
  const company = companyName(index);
  const snapshot: AccountSnapshot = {
    accountId,
    revision: 1,
    updatedAt,
    status: 'ACTIVE',
    plan: group.plan,
    isDeal: group.plan !== 'ltd' && index % 13 === 7,
    customerType: random.chance(0.8) ? 'COMPANY' : 'INDIVIDUAL',
    ownerId: `${accountId}-owner`,
    company,
    locale: place.locale,
    timeZone: place.timeZone,
    billingAnchorDay: random.chance(0.5) ? random.between(1, 31) : null,
    contacts: contactsOf(random, domain, place.locale),
    workspaces: workspacesOf(accountId, domain, random.between(1, group.workspaces)),
  };
  const busyness = 0.4 + random.exponential(0.6);
  const { chats, sessions, tickets, uploads } = group.traffic;
  const traffic = { chats: chats * busyness, sessions: sessions * busyness, tickets, uploads };
  return { snapshot, ...traffic, campaigns: group.plan !== 'sandbox', knownAfter: 0 };
}

/** An anchor whose window began 9 to 14 days before `now`, so that it neither starts nor ends around it. */
function anchorBefore(now: number): number {
  return Math.min(28, new Date(now - 10 * DAY).getUTCDate());
}

/** About forty accounts on every plan, and one newcomer for each run so far; the same for the same arguments. */
export function roster(seed: number, createdAt: number, run: number): Profile[] {
  const random = new Random(seed);
  const updatedAt = createdAt - DAY;
  const [, pro] = GROUPS;
  if (pro === undefined) throw new RangeError('no pro plan');
  const ordinary = GROUPS.flatMap((group) => Array.from({ length: group.count }, () => group)).map(
    (group, index) => profile(random, index, `acc-${String(index + 1).padStart(2, '0')}`, updatedAt, group),
  );
  const quiet = { chats: 0.05, sessions: 0.02, tickets: 0.5, uploads: 0.5, campaigns: false };
  // Chance of their own: another scene changes no other account.
  const scenes = Object.entries(SCENE_ACCOUNTS).map(([scene, accountId], index) => {
    const one = profile(new Random(seed + index + 1), index, accountId, updatedAt, pro);
    const company = companyName(ordinary.length + index);
    const snapshot = castAs(scene as SceneAccount, { ...one.snapshot, company }, anchorBefore(createdAt));
    return { ...one, ...quiet, snapshot };
  });
  const newcomers = Array.from({ length: run }, (_, index) => {
    const one = profile(random, index, `acc-new-${String(index + 1)}`, updatedAt, pro);
    return { ...one, chats: 0.3, knownAfter: index + 1 === run ? 100_000 : 0 };
  });
  const suspended = ordinary[8];
  if (suspended !== undefined) suspended.snapshot.status = 'SUSPENDED';
  return [...ordinary, ...scenes, ...newcomers];
}
