import type { Contact } from '../../accounts/snapshot.js';
import { mailbox } from './mailbox.js';

/** One delivery of a notice: who gets it, fixed when the notice is first taken in. */
export interface Recipient {
  /** The address in lower case: one delivery per notice and key. */
  readonly key: string;
  /** The address to mail; of a malformed one the text as the platform gave it, cut to 254 characters. */
  readonly address: string;
  /** False: the delivery is FAILED (`invalid-address`) and nothing is mailed. */
  readonly valid: boolean;
  readonly name: string;
  /** BCP 47, as the platform gave it. */
  readonly locale: string;
}

const MAX_KEPT = 254;

/**
 * The recipients of an account's notices (contract §6): contacts with `notify` and role OWNER or ADMIN; if there are
 * none, any contact with `notify`. Addresses are compared without case, the first contact of an address counts. Empty
 * when nobody can be told.
 */
export function resolveRecipients(contacts: readonly Contact[], accountLocale: string): Recipient[] {
  const told = contacts.filter(({ notify }) => notify);
  const responsible = told.filter(({ role }) => role === 'OWNER' || role === 'ADMIN');
  const byKey = new Map<string, Recipient>();
  for (const contact of responsible.length > 0 ? responsible : told) {
    const recipient = recipientOf(contact, accountLocale);
    if (!byKey.has(recipient.key)) byKey.set(recipient.key, recipient);
  }
  return [...byKey.values()];
}

function recipientOf(contact: Contact, accountLocale: string): Recipient {
  const address = mailbox(contact.email);
  const shown = address ?? contact.email.slice(0, MAX_KEPT).toWellFormed();
  return {
    key: shown.toLowerCase(),
    address: shown,
    valid: address !== null,
    name: contact.name,
    locale: contact.locale ?? accountLocale,
  };
}
