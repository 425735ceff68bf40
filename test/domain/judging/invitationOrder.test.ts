import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { loadPolicy } from '../../../src/config/policyFiles.js';
import { AccountState, seenKey } from '../../../src/domain/counting/accountState.js';
import { AccountChanges } from '../../../src/domain/counting/changes.js';
import { countEvent } from '../../../src/domain/counting/count.js';
import { SeenIds } from '../../../src/domain/counting/seenIds.js';
import { takeAccountEvent } from '../../../src/domain/judging/accountEvents.js';
import { emptyLedger } from '../../../src/domain/judging/ledger.js';
import { eventId } from '../../../src/support/eventId.js';
import { snapshotOf } from '../accounts/snapshots.js';

const NOW = Date.parse('2026-05-20T10:30:00Z');
const context = { policy: loadPolicy('policy'), now: NOW, id: eventId };

type Used = readonly ['chats' | 'sessions', workspaceId: string];
const SESSIONS_1: Used = ['sessions', 'w1'];
const SESSIONS_2: Used = ['sessions', 'w2'];
const CHATS: Used = ['chats', 'w1'];

/** What the invitation names when an account that used 120 of each becomes a Sandbox one. */
function namedAfter(plan: string, order: readonly Used[]): string[] {
  const state = new AccountState('a', 0);
  state.ledger = emptyLedger(-8e15);
  const changes = new AccountChanges();
  const become = (to: string, revision: number): void => {
    const snapshot = snapshotOf({ plan: to, revision });
    takeAccountEvent(state, changes, { accountId: 'a', snapshot, arrivedAt: NOW }, context);
  };
  for (const metric of ['chats', 'sessions', 'tickets', 'upload_bytes'] as const) {
    state.bucketsOf(metric).markLoaded({ start: -8e15, end: 8e15 });
    state.seen.set(seenKey(metric, NOW), new SeenIds(0));
  }
  become(plan, 1);
  for (const [metric, workspaceId] of order) {
    for (let n = 0; n < 120; n += 1) {
      const idHash = createHash('sha256').update(`${metric}${workspaceId}${n}`).digest().subarray(0, 16);
      const id = { eventId: `${metric}${workspaceId}${n}`, accountId: 'a', workspaceId, idHash };
      countEvent(state, changes, { ...id, metric, amount: 1, occurredAt: NOW, arrivedAt: NOW }, context);
    }
  }
  become('sandbox', 2);
  return changes.consequences.newNotices
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
