import { accountName, type Context } from './context.js';

export interface Row {
  readonly label: string;
  readonly value: string;
}

/** The table of a mail: what was used of what, in which window, since when and until when. */
export function rowsOf(context: Context): Row[] {
  const { catalogue, notice, formats, object } = context;
  const rows: Row[] = [];
  const add = (key: string, value: string | null): void => {
    if (value !== null) rows.push({ label: catalogue.text(key), value });
  };
  add('row.account', accountName(context, catalogue));
  add('row.workspace', notice.workspaceId === null ? null : object);
  addFigures(context, add);
  add('row.window', windowOf(context));
  if (notice.kind === 'THRESHOLD_WARNING' || notice.kind === 'UPGRADE_INVITATION') {
    add('row.reached', formats.moment(notice.occurredAt));
    add('row.resets', notice.windowEnd === null ? null : formats.moment(notice.windowEnd));
  }
  return rows;
}

function addFigures({ catalogue, notice, amount }: Context, add: (key: string, value: string) => void): void {
  const { kind, used, limit } = notice;
  // A correction corrects the limit; the figure belongs to the mail that was wrong.
  if (used !== null && kind !== 'CORRECTION') add('row.used', withCounted(used));
  if (limit !== null) add('row.limit', amount(limit));
  if (used !== null && limit !== null && kind !== 'CORRECTION')
    add('row.left', amount(Math.max(0, limit - used)));

  function withCounted(value: number): string {
    const key = `rule.${notice.rule}.counted`;
    if (!catalogue.has(key)) return amount(value);
    return catalogue.text('row.used.value', { amount: amount(value), counted: catalogue.text(key) });
  }
}

function windowOf({ catalogue, notice, formats }: Context): string | null {
  const { windowKind, windowStart: start, windowEnd: end } = notice;
  if (windowKind === null || start === null || end === null) return null;
  const zone = formats.zone(start);
  if (windowKind === 'hour') {
    return catalogue.text('row.window.hour', {
      date: formats.date(start),
      start: formats.time(start),
      end: formats.time(end),
      zone,
    });
  }
  // The end is the first instant that no longer belongs to the window: its last day is the one before.
  return catalogue.text('row.window.days', { start: formats.date(start), end: formats.date(end - 1), zone });
}
