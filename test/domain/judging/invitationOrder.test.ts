import { expect, it } from '@jest/globals';
import { loadPolicy } from '../../../src/config/policyFiles.js';
import { eventId } from '../../../src/support/eventId.js';
import { OneAccount } from './oneAccount.js';

const NOW = Date.parse('2026-05-20T10:30:00Z');
const context = { policy: loadPolicy('policy'), now: NOW, id: eventId };

type Used = readonly ['chats' | 'sessions', workspaceId: string];
const SESSIONS_1: Used = ['sessions', 'w1'];
const SESSIONS_2: Used = ['sessions', 'w2'];
const CHATS: Used = ['chats', 'w1'];

/** What the invitation names when an account that used 120 of each becomes a Sandbox one. */
function namedAfter(plan: string, order: readonly Used[]): string[] {
  const account = new OneAccount(context, ['chats', 'sessions', 'tickets', 'upload_bytes']);
  account.become(plan, 1);
  for (const [metric, workspaceId] of order) account.use(metric, workspaceId, 120);
  account.become('sandbox', 2);
  return account.changes.consequences.newNotices
    .filter(({ kind }) => kind === 'UPGRADE_INVITATION')
    .map(({ rule, workspaceId }) => `${rule} ${workspaceId}`);
}

it.each(['pro', 'mystery'])(
  'invites for the first limit of the plan when several are reached by a change from %s, whichever was used first',
  (plan) => {
    const orders = [
      [SESSIONS_1, SESSIONS_2, CHATS],
      [SESSIONS_2, SESSIONS_1, CHATS],
      [CHATS, SESSIONS_2, SESSIONS_1],
    ];
    expect(orders.map((order) => namedAfter(plan, order))).toEqual(
      orders.map(() => ['sessions-per-month w1']),
    );
  },
);
