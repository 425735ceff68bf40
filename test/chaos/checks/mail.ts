import type { Servers } from '../world/servers.js';

interface Delivery {
  readonly notice: string;
  readonly recipient: string;
  readonly status: string;
}

/** The notice and recipient of a mail as it went over the wire. */
function namesOf({ to, raw }: { to: readonly string[]; raw: Buffer }): string[] {
  const headers = raw.subarray(0, Math.max(0, raw.indexOf('\r\n\r\n'))).toString('utf8');
  const ids = /^X-Notification-Id:\s*([^\r\n]+(?:\r\n[ \t][^\r\n]+)*)/im.exec(headers)?.[1] ?? 'none';
  return ids.split(/[\s,]+/).flatMap((id) => to.map((address) => `notice ${id} to ${address.toLowerCase()}`));
}

/** How often the mail server took each notice for each recipient. */
function accepted(servers: Servers): Map<string, number> {
  const counts = new Map<string, number>();
  for (const mail of servers.smtp.accepted) {
    for (const name of namesOf(mail)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** I7 as far as it holds at every moment: nothing was mailed twice. */
export function mailedTwice(servers: Servers): string[] {
  return [...accepted(servers)]
    .filter(([, count]) => count > 1)
    .map(([name, count]) => `I7: ${name} was mailed ${count} times`);
}

/** I7 when everything has settled: the ledger says of every mail what the mail server says. */
export async function compareMails(
  servers: Servers,
): Promise<{ mails: number; unknown: number; broken: string[] }> {
  const taken = accepted(servers);
  const deliveries = await servers.rows<Delivery>(
    'select notification_id as notice, lower(recipient) as recipient, status from reporting.deliveries',
  );
  const broken = mailedTwice(servers);
  const known = new Set<string>();
  for (const { notice, recipient, status } of deliveries) {
    const name = `notice ${notice} to ${recipient}`;
    const count = taken.get(name) ?? 0;
    known.add(name);
    if (status === 'SENT' && count === 0)
      broken.push(`I7: ${name} is SENT, but the mail server never took it`);
    if (!['SENT', 'UNKNOWN'].includes(status) && count > 0) {
      broken.push(`I7: ${name} is ${status}, but the mail server took it`);
    }
  }
  for (const name of taken.keys())
    if (!known.has(name)) broken.push(`I7: ${name} was mailed, but has no delivery`);
  const unknown = deliveries.filter(({ status }) => status === 'UNKNOWN').length;
  return { mails: servers.smtp.accepted.length, unknown, broken };
}
