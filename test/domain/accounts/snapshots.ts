import type { AccountSnapshot } from '../../../src/domain/accounts/snapshot.js';

export function snapshotOf(change: Partial<AccountSnapshot> = {}): AccountSnapshot {
  return {
    accountId: 'a',
    revision: 1,
    updatedAt: 0,
    status: 'ACTIVE',
    plan: 'pro',
    isDeal: false,
    customerType: 'COMPANY',
    ownerId: 'o',
    company: null,
    locale: 'en',
    timeZone: 'UTC',
    billingAnchorDay: null,
    contacts: [],
    workspaces: [],
    ...change,
  };
}
