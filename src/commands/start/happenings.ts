import type pg from 'pg';
import { format, type Happening } from './figures.js';

const MIB = 1_024 ** 2;
const AT_ONCE = 500;
// A violation bears the time of its event, and what is decided at one time is committed at another.
const OVERLAP_MS = 120_000;

interface Row {
  id: string;
  at: number;
  name: string;
  what: 'crossing' | 'invitation' | 'measure' | 'violation' | 'closed';
  rule: string;
  level: number | null;
  used: number | null;
  limit_value: number | null;
  continues_episode: boolean | null;
  status: string | null;
  details: Record<string, string> | null;
}

/** What becomes of accounts, each thing once. */
export class Happenings {
  private seen = new Set<string>();

  /** `since`: epoch ms; what is older is not told. */
  constructor(
    private readonly pool: pg.Pool,
    private readonly since: number,
  ) {}

  /**
   * What is new by `now` (epoch ms), in words, oldest first: levels reached, invitations, measures, files that are too
   * large and conditions that are broken or kept again.
   */
  async next(now: number): Promise<Happening[]> {
    const rows = await read(this.pool, Math.max(this.since, now - OVERLAP_MS));
    const fresh = rows.filter(({ id }) => !this.seen.has(id));
    this.seen = new Set(rows.map(({ id }) => id));
    return fresh.map((row) => ({ at: row.at, text: `${row.name} ${inWords(row)}` }));
  }
}

async function read(pool: pg.Pool, since: number): Promise<Row[]> {
  const { rows } = await pool.query<Row>(
    `select h.*, h.account_id || h.what || h.key as id, coalesce(a.snapshot->>'company', h.account_id) as name from (
       select account_id, detected_at as at, 'crossing' as what,
         concat_ws('|', rule, workspace_id, window_start, level, limit_value) as key,
         rule::text, level, used, limit_value, continues_episode, null as status, null::jsonb as details
       from crossings where detected_at > $1
       union all
       select account_id, created_at, 'invitation', notification_id::text, rule::text, null, null, null, null, status,
         null
       from notifications where kind = 'UPGRADE_INVITATION' and status <> 'SUPPRESSED' and created_at > $1
       union all
       select account_id, updated_at, 'measure', measure_id || status, rule::text, null, null, limit_value, null,
         status, null
       from measures where updated_at > $1
       union all
       select account_id, occurred_at, 'violation', violation_id::text, rule::text, null, null, null, null, null,
         details
       from violations where window_start is null and occurred_at > $1
       union all
       select account_id, closed_at, 'closed', violation_id::text, rule::text, null, null, null, null, null, details
       from violations where window_start is null and closed_at > $1
     ) h left join accounts a using (account_id)
     order by h.at, h.what limit ${AT_ONCE}`,
    [new Date(since).toISOString()],
  );
  return rows;
}

function inWords({ what, rule, level, used, limit_value, continues_episode, status, details }: Row): string {
  switch (what) {
    case 'crossing':
      return (
        `reached ${String(level)} % of ${rule} (${format(used ?? 0)} of ${format(limit_value ?? 0)})` +
        (continues_episode === true ? ', an episode that goes on' : '')
      );
    case 'invitation':
      return 'is invited to upgrade';
    case 'measure':
      return status === 'LIFTED' ? 'has its full service again' : `has its service limited (${rule})`;
    case 'violation':
      if (rule !== 'file-size') return `breaks ${rule}`;
      return `sent a file that is too large (${mebibytes(details)} MiB)`;
    case 'closed':
      return `keeps to ${rule} again`;
  }
}

function mebibytes(details: Row['details']): string {
  return (Number(details?.['sizeBytes'] ?? 0) / MIB).toFixed(1);
}
