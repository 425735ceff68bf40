import type { Random } from '../../../src/simulation/platform/random.js';
import type { AccountSnapshot } from '../../../src/simulation/records.js';

const DAY = 86_400_000;
const ZONES = ['UTC', 'America/Sao_Paulo', 'Asia/Kathmandu', 'Europe/Berlin', 'Pacific/Auckland'];

/** What an account does: `busy` reaches its limit per hour again and again, `heavy` its yearly bytes, once. */
export type Habit = 'busy' | 'heavy' | 'sandbox' | 'quiet';

export interface ChaosAccount {
  readonly habit: Habit;
  snapshot: AccountSnapshot;
  /** Chats sent so far: every 2,300 the account moves to its next busy hour. */
  chats: number;
  /** Its events come long before it is known. */
  late: boolean;
}

/** Whose mails are refused for good. */
export const BOUNCING = 'bounce.example';

/** The accounts of a run; more of them the more events there are, so that limits are reached but not absurdly. */
export function makeAccounts(random: Random, events: number, now: number): ChaosAccount[] {
  const counts: Record<Habit, number> = {
    busy: Math.max(2, Math.round(events / 25_000)),
    heavy: Math.max(24, Math.round(events / 1_500)),
    sandbox: Math.max(8, Math.round(events / 2_500)),
    quiet: Math.max(6, Math.round(events / 10_000)),
  };
  return (Object.entries(counts) as [Habit, number][]).flatMap(([habit, count]) =>
    Array.from({ length: count }, (_, index): ChaosAccount => {
      const accountId = `${habit}-${index + 1}`;
      const domain = habit === 'heavy' && index % 12 === 5 ? BOUNCING : `${accountId}.example`;
      return {
        habit,
        chats: 0,
        late: habit === 'quiet' && index === 0,
        snapshot: {
          accountId,
          revision: 1,
          updatedAt: now - 60 * DAY,
          status: habit === 'quiet' && index === 1 ? 'SUSPENDED' : 'ACTIVE',
          plan: planOf(habit, index),
          isDeal: false,
          customerType: 'COMPANY',
          ownerId: `owner-${accountId}`,
          company: `Example ${accountId}`,
          locale: random.pick(['en', 'pt-BR', 'es', 'fr', 'de', 'ar']),
          timeZone: random.pick(ZONES),
          billingAnchorDay: random.chance(0.5) ? random.between(1, 28) : null,
          contacts: [
            contact('OWNER', `owner-${accountId}@${domain}`),
            ...(random.chance(0.4) ? [contact('ADMIN', `admin-${accountId}@${domain}`)] : []),
          ],
          workspaces: [1, 2].map((n) => ({ workspaceId: `ws-${n}`, name: `Team ${n}`, websites: [] })),
        },
      };
    }),
  );
}

function planOf(habit: Habit, index: number): string {
  if (habit === 'sandbox') return 'sandbox';
  if (habit === 'busy') return index % 2 === 0 ? 'pro' : 'ltd';
  return index % 3 === 0 ? 'unlimited' : 'pro';
}

function contact(role: 'OWNER' | 'ADMIN', email: string): AccountSnapshot['contacts'][number] {
  return { name: `Example ${role}`, email, role, locale: null, notify: true };
}
