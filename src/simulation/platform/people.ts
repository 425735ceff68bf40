import type { Contact } from '../records.js';
import type { Random } from './random.js';

/** Where accounts live: the zone of their windows and the language of their mails. */
export const PLACES = [
  { timeZone: 'Europe/Lisbon', locale: 'en' },
  { timeZone: 'America/Sao_Paulo', locale: 'pt-BR' },
  { timeZone: 'Asia/Kolkata', locale: 'en' },
  { timeZone: 'America/Mexico_City', locale: 'es' },
  { timeZone: 'Europe/Paris', locale: 'fr' },
  { timeZone: 'Europe/Berlin', locale: 'de' },
  { timeZone: 'Asia/Riyadh', locale: 'ar' },
  { timeZone: 'Asia/Kathmandu', locale: 'en' },
  { timeZone: 'Pacific/Chatham', locale: 'en' },
  { timeZone: 'America/New_York', locale: 'es' },
] as const;

const TRADES = ['Bakery', 'Tours', 'Dental', 'Fitness', 'Books', 'Garden', 'Bikes', 'Music'] as const;
const PREFIXES = ['Example', 'Sample', 'Demo', 'Fictional', 'Placeholder', 'Imaginary', 'Model'] as const;

/** Names that say "example" in each language. */
const SURNAMES: Record<string, string> = {
  en: 'Example',
  'pt-BR': 'Exemplo',
  es: 'Ejemplo',
  fr: 'Exemple',
  de: 'Beispiel',
  ar: 'مثال',
};
const FIRST_NAMES = ['Alex', 'Júlia', 'Jörg', 'Chloé', 'Lucía', 'أمل', 'Sam', 'Noor'] as const;

export function companyName(index: number): string {
  const trade = TRADES[index % TRADES.length] ?? 'Shop';
  const prefix = PREFIXES[Math.floor(index / TRADES.length) % PREFIXES.length] ?? 'Example';
  return `${prefix} ${trade}`;
}

/** One to four people of an account; the owner can always be mailed. */
export function contactsOf(random: Random, domain: string, locale: string): Contact[] {
  const surname = SURNAMES[locale] ?? 'Example';
  const person = (role: Contact['role'], own: string | null, notify: boolean): Contact => ({
    name: `${random.pick(FIRST_NAMES)} ${surname}`,
    email: `${role.toLowerCase()}@${domain}`,
    role,
    locale: own,
    notify,
  });
  const contacts = [person('OWNER', null, true)];
  if (random.chance(0.5)) contacts.push(person('ADMIN', random.chance(0.3) ? 'en' : null, true));
  if (random.chance(0.3)) contacts.push(person('BILLING', null, true));
  if (random.chance(0.2)) contacts.push(person('OTHER', null, false));
  return contacts;
}
