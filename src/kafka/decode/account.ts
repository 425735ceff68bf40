import type { AccountSnapshot, AccountStatus, Contact, Workspace } from '../../domain/accounts/snapshot.js';
import type { Decoded } from './decoded.js';
import { id, instant, optionalText, text } from './fields.js';

interface RawAccount {
  readonly accountId: Buffer;
  readonly revision: number;
  readonly updatedAt: number;
  readonly status: AccountStatus;
  readonly plan: Buffer;
  readonly isDeal: boolean;
  readonly customerType: string;
  readonly ownerId: Buffer;
  readonly company: Buffer | null;
  readonly locale: Buffer;
  readonly timeZone: Buffer;
  readonly billingAnchorDay: number | null;
  readonly contacts: readonly {
    name: Buffer;
    email: Buffer;
    role: Contact['role'];
    locale: Buffer | null;
    notify: boolean;
  }[];
  readonly workspaces: readonly {
    workspaceId: Buffer;
    name: Buffer;
    websites: readonly { domain: Buffer; company: Buffer | null }[];
  }[];
}

/** A snapshot of an account. Only its ids and its time must be sound; the rest is taken as far as it makes sense. */
export function decodeAccount(raw: RawAccount, arrivedAt: number): Decoded {
  const accountId = id(raw.accountId, 'accountId');
  const snapshot: AccountSnapshot = {
    accountId,
    revision: raw.revision,
    updatedAt: instant(raw.updatedAt, 'updatedAt'),
    status: raw.status,
    plan: text(raw.plan),
    isDeal: raw.isDeal,
    customerType: raw.customerType,
    ownerId: id(raw.ownerId, 'ownerId'),
    company: optionalText(raw.company),
    locale: text(raw.locale),
    timeZone: text(raw.timeZone),
    billingAnchorDay: raw.billingAnchorDay,
    contacts: raw.contacts.map((c) => ({
      name: text(c.name),
      email: text(c.email),
      role: c.role,
      locale: optionalText(c.locale),
      notify: c.notify,
    })),
    workspaces: raw.workspaces.map((w): Workspace => ({
      workspaceId: id(w.workspaceId, 'workspaceId'),
      name: text(w.name),
      websites: w.websites.map((s) => ({ domain: text(s.domain), company: optionalText(s.company) })),
    })),
  };
  return { kind: 'account', event: { accountId, snapshot, arrivedAt } };
}

/** A tombstone: the key names the account. */
export function decodeTombstone(key: Buffer | null, arrivedAt: number): Decoded {
  return {
    kind: 'account',
    event: { accountId: id(key ?? Buffer.alloc(0), 'key'), snapshot: null, arrivedAt },
  };
}
