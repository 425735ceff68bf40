import type { AccountSnapshot, Contact } from '../records.js';

/** The accounts of the opening scenes (see scenes.ts). */
export const SCENE_ACCOUNTS = {
  chatsNearLimit: 'acc-busy-hour',
  sessionsNearLimit: 'acc-busy-month',
  sessionsOverLimit: 'acc-over-limit',
  sandboxFull: 'acc-sandbox-full',
  outgrown: 'acc-outgrown',
  ticketsNearLimit: 'acc-many-tickets',
  secondWorkspace: 'acc-two-teams',
  largeFile: 'acc-large-file',
  lateBurst: 'acc-offline',
  oddRecord: 'acc-odd-record',
} as const;

export type SceneAccount = keyof typeof SCENE_ACCOUNTS;

const PLANS: Readonly<Partial<Record<SceneAccount, string>>> = {
  sandboxFull: 'sandbox',
  outgrown: 'sandbox',
  ticketsNearLimit: 'ltd',
  secondWorkspace: 'ltd',
  // A plan that no policy names.
  oddRecord: 'partner-2019',
};

const unmailable = (snapshot: AccountSnapshot): Contact => ({
  name: 'On Duty',
  email: `on-duty (at) ${snapshot.accountId}.example.com`,
  role: 'ADMIN',
  locale: null,
  notify: true,
});

/** What makes a scene's account another one than an ordinary Pro account. */
export function castAs(scene: SceneAccount, ordinary: AccountSnapshot, anchor: number): AccountSnapshot {
  const snapshot = { ...ordinary, billingAnchorDay: anchor, plan: PLANS[scene] ?? 'pro' };
  const [first, ...others] = snapshot.workspaces;
  if (first === undefined) return snapshot;
  switch (scene) {
    case 'secondWorkspace':
    case 'ticketsNearLimit':
      return { ...snapshot, workspaces: [first] };
    case 'lateBurst':
      return { ...snapshot, contacts: [...snapshot.contacts, unmailable(snapshot)] };
    case 'oddRecord':
      return {
        ...snapshot,
        timeZone: 'Mars/Olympus_Mons',
        billingAnchorDay: 45,
        contacts: [...snapshot.contacts, unmailable(snapshot)],
        workspaces: [first, ...others, { ...first, name: 'Support, once more' }],
      };
    default:
      return snapshot;
  }
}
