import { idHash } from '../../../src/kafka/decode/countedId.js';
import { usageSource } from '../../../src/kafka/decode/usage.js';
import type { LogEntry } from '../../../src/simulation/truth/types.js';
import type { Servers } from '../world/servers.js';

const USAGE = /^usage: account ([^,]+), ([^,]+)(?:, (ws-[^,]+))?, ([^,]+?): (.*)$/;
const TOPIC_OF: Record<string, string> = {
  'chats-per-hour': 'platform.chats.v1',
  'chats-per-month': 'platform.chats.v1',
  'sessions-per-month': 'platform.sessions.v1',
  'tickets-per-month': 'platform.tickets.v1',
  'upload-bytes-per-year': 'platform.uploads.v1',
};
const SHOWN = 5;

/** The smallest story of a wrong count: which ids are missing in what the engine remembers, and where they lie. */
export async function storyOf(
  servers: Servers,
  log: readonly LogEntry[],
  differences: readonly string[],
): Promise<string[]> {
  const wrong = differences.map((line) => USAGE.exec(line)).find((match) => match !== null);
  if (wrong === undefined) return [];
  const [, account = '', rule = '', , , says = ''] = wrong;
  const rows = await servers.rows<{ ids: Buffer }>(
    'select counted as ids from seen_ids where account_id = $1',
    [account],
  );
  const known = new Set(rows.flatMap(({ ids }) => chunksOf(ids)));
  const entries = log.filter(
    (entry) => 'value' in entry && entry.topic === TOPIC_OF[rule] && entry.value.accountId === account,
  );
  const missing = entries.filter((entry) => {
    const counted = countedOf(entry);
    return counted !== null && !known.has(counted.remembered);
  });
  const named = missing
    .slice(0, SHOWN)
    .map((entry) => `${countedOf(entry)?.id ?? ''} at ${entry.topic}/${entry.partition}@${entry.offset}`);
  const why =
    missing.length === 0
      ? 'every id is remembered as counted: the figure was lost after the counting'
      : `missing ${missing.length}: ${named.join(', ')}`;
  return [`story: account ${account}, ${rule}: ${says}; ${why}`];
}

/** The id that an event counts by, and what the engine remembers it by; null: it does not count. */
function countedOf(entry: LogEntry): { readonly id: string; readonly remembered: string } | null {
  if (!('value' in entry)) return null;
  const source = usageSource(entry.topic);
  const value = entry.value as unknown as Record<string, unknown>;
  if (source === undefined || (source.counts !== null && value['type'] !== source.counts)) return null;
  const id = String(value[source.idField]);
  return { id, remembered: Buffer.from(idHash(Buffer.from(id), source.metric)).toString('hex') };
}

function chunksOf(ids: Buffer): string[] {
  return Array.from({ length: ids.length / 16 }, (_, n) => ids.subarray(n * 16, n * 16 + 16).toString('hex'));
}
