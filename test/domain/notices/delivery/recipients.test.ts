import { describe, expect, it } from '@jest/globals';
import type { Contact } from '../../../../src/domain/accounts/snapshot.js';
import { resolveRecipients } from '../../../../src/domain/notices/delivery/recipients.js';

const contact = (email: string, fields: Partial<Contact> = {}): Contact => ({
  name: 'Ada',
  email,
  role: 'OWNER',
  locale: null,
  notify: true,
  ...fields,
});
const addresses = (contacts: Contact[]): string[] =>
  resolveRecipients(contacts, 'en').map(({ address }) => address);

describe('resolveRecipients', () => {
  it('tells owners and admins who want to be told, and nobody else', () => {
    const contacts = [
      contact('owner@example.com'),
      contact('admin@example.com', { role: 'ADMIN' }),
      contact('billing@example.com', { role: 'BILLING' }),
      contact('quiet@example.com', { notify: false }),
    ];
    expect(addresses(contacts)).toEqual(['owner@example.com', 'admin@example.com']);
  });

  it('falls back to any contact who wants to be told', () => {
    const contacts = [
      contact('owner@example.com', { notify: false }),
      contact('billing@example.com', { role: 'BILLING' }),
      contact('unknown@example.com', { role: 'UNKNOWN' }),
    ];
    expect(addresses(contacts)).toEqual(['billing@example.com', 'unknown@example.com']);
  });

  it('has nobody where nobody wants to be told', () => {
    expect(addresses([])).toEqual([]);
    expect(addresses([contact('owner@example.com', { notify: false })])).toEqual([]);
  });

  it('compares addresses without case and keeps the first contact of each', () => {
    const recipients = resolveRecipients(
      [contact('Ada@Example.com', { name: 'First' }), contact('ada@example.COM', { name: 'Second' })],
      'en',
    );
    expect(recipients).toHaveLength(1);
    expect(recipients[0]).toMatchObject({
      key: 'ada@example.com',
      address: 'Ada@Example.com',
      name: 'First',
    });
  });

  it('keeps a malformed address as one that is never mailed, beside the good ones', () => {
    const recipients = resolveRecipients([contact('a@b, c@d'), contact('ada@example.com')], 'en');
    expect(recipients.map(({ address, valid }) => [address, valid])).toEqual([
      ['a@b, c@d', false],
      ['ada@example.com', true],
    ]);
  });

  it('cuts a monstrous address to what fits into a key', () => {
    const [recipient] = resolveRecipients([contact(`${'ü'.repeat(5000)}@example.com`)], 'en');
    expect(recipient?.key).toHaveLength(254);
  });

  it("takes the contact's locale, else the account's", () => {
    const contacts = [contact('a@example.com', { locale: 'de' }), contact('b@example.com')];
    expect(resolveRecipients(contacts, 'pt-BR').map(({ locale }) => locale)).toEqual(['de', 'pt-BR']);
  });
});
