type Value = string | number | boolean | null;

/** A row of the truth or of the engine: what it is about, and what is said about it. */
export interface Statement {
  /** Names the row for people and pairs the two sides: "account a1, sessions-per-month, ws-2, 2026-11-01". */
  about: string;
  says: Record<string, Value>;
}

function inWords(says: Record<string, Value>): string {
  const parts = Object.entries(says).map(([name, value]) => `${name} ${String(value)}`);
  return parts.length === 0 ? 'there' : parts.join(', ');
}

/** Compares two sets of rows and says each difference in words; rows about the same thing are paired in order. */
export function differences(
  what: string,
  truth: readonly Statement[],
  engine: readonly Statement[],
): string[] {
  const left = new Map<string, Statement[]>();
  for (const row of engine) left.set(row.about, [...(left.get(row.about) ?? []), row]);
  const found: string[] = [];
  for (const { about, says } of truth) {
    const other = left.get(about)?.shift();
    if (other === undefined) {
      found.push(`${what}: ${about}: truth ${inWords(says)}, engine nothing`);
      continue;
    }
    const names = Object.keys(says).filter((name) => says[name] !== other.says[name]);
    const pick = (from: Statement['says']) =>
      Object.fromEntries(names.map((name) => [name, from[name] ?? null]));
    if (names.length > 0) {
      found.push(`${what}: ${about}: truth ${inWords(pick(says))}, engine ${inWords(pick(other.says))}`);
    }
  }
  for (const { about, says } of [...left.values()].flat()) {
    found.push(`${what}: ${about}: truth nothing, engine ${inWords(says)}`);
  }
  return found;
}

interface ScopeOfRow {
  accountId: string;
  workspaceId: string | null;
  rule: string;
  start: number;
}

/** The scope and window of a row, to find it by: cheaper than {@link scopeInWords}, which a recount of a million records feels. */
export function scopeKey({ accountId, rule, workspaceId, start }: ScopeOfRow): string {
  return `${accountId}|${rule}|${workspaceId ?? ''}|${start}`;
}

/** The scope and window of a row in words. */
export function scopeInWords(row: ScopeOfRow): string {
  const window = new Date(row.start).toISOString().replace(/(T00:00)?:00\.000Z$/, '');
  const workspace = row.workspaceId === null ? [] : [row.workspaceId];
  return [`account ${row.accountId}`, row.rule, ...workspace, window].join(', ');
}
