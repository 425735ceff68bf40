import type pg from 'pg';
import { HOUR_MS, planOf, WORKSPACES, type MixedEvent } from './mixedWorkload.js';

const RULES = ['chats-per-hour', 'sessions-per-month', 'tickets-per-month', 'upload-bytes-per-year'] as const;
type Rule = (typeof RULES)[number];
const PRIME = 1_000_003;

/** Rows, their sum, and a sum in which each row has a weight of its own: figures that changed places do not cancel out. */
interface Sums {
  readonly rows: number;
  readonly used: number;
  readonly weighted: number;
}

/**
 * What all figures of a mixed workload must be, by construction: the first of each id counts, a repetition does not. Too
 * many for a row by row comparison in memory, so of each rule three sums over all of its windows are compared.
 */
export class MixedOracle {
  private readonly figures: Record<Rule, Map<number, number>>;
  private readonly firstHour: number;
  records = 0;

  constructor(from: number) {
    this.firstHour = Math.floor(from / HOUR_MS) - 1;
    this.figures = Object.fromEntries(RULES.map((rule) => [rule, new Map()])) as typeof this.figures;
  }

  take({ kind, account, workspace, repeated, record }: MixedEvent): void {
    this.records += 1;
    if (repeated) return;
    const byWorkspace = account * (WORKSPACES + 1) + 1 + workspace;
    const whole = account * (WORKSPACES + 1);
    const isLtd = planOf(account) === 'ltd';
    const hour = Math.floor(record.occurredAt / HOUR_MS) - this.firstHour;
    const month = new Date(record.occurredAt).getUTCMonth();
    if (kind === 'chats') this.add('chats-per-hour', isLtd ? byWorkspace : whole, hour, 1);
    if (kind === 'sessions') this.add('sessions-per-month', byWorkspace, month, 1);
    if (kind === 'tickets' && isLtd) this.add('tickets-per-month', whole, month, 1);
    if (kind === 'uploads') this.add('upload-bytes-per-year', whole, 0, record.sizeBytes ?? 0);
  }

  /** Returns the differences from the database; none is right. */
  async differences(db: pg.Pool): Promise<string[]> {
    const found: string[] = [];
    for (const rule of RULES) {
      const [is, wanted] = [await this.inDatabase(db, rule), this.sumsOf(rule)];
      for (const name of ['rows', 'used', 'weighted'] as const) {
        if (is[name] !== wanted[name]) found.push(`${rule}, ${name}: ${is[name]}, not ${wanted[name]}`);
      }
    }
    const { rows } = await db.query<{ n: string }>('select count(*) as n from dead_letters');
    if (Number(rows[0]?.n) !== 0) found.push(`dead letters: ${String(rows[0]?.n)}`);
    return found;
  }

  private add(rule: Rule, scope: number, window: number, amount: number): void {
    const key = scope * 4_096 + window;
    const figures = this.figures[rule];
    figures.set(key, (figures.get(key) ?? 0) + amount);
  }

  private sumsOf(rule: Rule): Sums {
    let [used, weighted] = [0, 0];
    for (const [key, figure] of this.figures[rule]) {
      used += figure;
      weighted = (weighted + (figure % PRIME) * (key % PRIME)) % PRIME;
    }
    return { rows: this.figures[rule].size, used, weighted };
  }

  private async inDatabase(db: pg.Pool, rule: Rule): Promise<Sums> {
    const window = {
      'chats-per-hour': `(extract(epoch from window_start) / 3600)::int8 - ${this.firstHour}`,
      'sessions-per-month': 'extract(month from window_start)::int8 - 1',
      'tickets-per-month': 'extract(month from window_start)::int8 - 1',
      'upload-bytes-per-year': '0::int8',
    }[rule];
    const { rows } = await db.query<Record<keyof Sums, string>>(
      `with figures as (
         select used, (substr(account_id, 5)::int8 * ${WORKSPACES + 1}
             + coalesce(right(workspace_id, 1)::int8 + 1, 0)) * 4096 + ${window} as key
         from reporting.usage_windows where rule = $1 and used > 0)
       select count(*) as rows, coalesce(sum(used), 0) as used,
         coalesce(sum((used % ${PRIME}) * (key % ${PRIME})) % ${PRIME}, 0) as weighted
       from figures`,
      [rule],
    );
    const [sums] = rows;
    return { rows: Number(sums?.rows), used: Number(sums?.used), weighted: Number(sums?.weighted) };
  }
}
