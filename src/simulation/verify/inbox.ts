import { differences } from './differences.js';
import type { Views } from './views.js';

interface Mail {
  headers: Record<string, unknown>;
  envelope: { to: { address: string }[] };
}

/** The mails of notices in a MailDev inbox: notification and recipient of each. Throws when it does not answer. */
async function mailsIn(inboxUrl: string): Promise<{ about: string }[]> {
  const answer = await fetch(new URL('/api/email', inboxUrl), { signal: AbortSignal.timeout(30_000) });
  if (!answer.ok) throw new Error(`the inbox answered ${String(answer.status)}`);
  const mails = (await answer.json()) as Mail[];
  return mails.flatMap(({ headers, envelope }) => {
    const id = headers['x-notification-id'];
    if (typeof id !== 'string') return [];
    return envelope.to.map(({ address }) => ({ about: `${id} to ${address.toLowerCase()}` }));
  });
}

/** Every accepted delivery lies in the inbox once, and nothing else does. */
export async function compareInbox(
  inboxUrl: string,
  views: Views,
): Promise<{ mails: number; differences: string[] }> {
  const mails = (await mailsIn(inboxUrl)).map(({ about }) => ({ about, says: {} }));
  const inDoubt = new Set(
    views.deliveries
      .filter(({ status }) => status === 'UNKNOWN')
      .map(({ notificationId, recipient }) => `${notificationId} to ${recipient}`),
  );
  const sent = views.deliveries
    .filter(({ status }) => status === 'SENT')
    .map(({ notificationId, recipient }) => ({ about: `${notificationId} to ${recipient}`, says: {} }));
  const certain = mails.filter(({ about }) => !inDoubt.has(about));
  return { mails: mails.length, differences: differences('mail', sent, certain) };
}
