import { isOutage } from '../../support/outage.js';
import { OffsetMoved } from '../../postgres/counting/offsets.js';
import { RecordNotKept } from './keptRecords.js';

/** What to do about a counting transaction that failed. */
export type Verdict =
  /** Someone else counted on: forget the positions and read them again. */
  | 'moved'
  /** A record is needed that was not kept: take everything in again, with all records. */
  | 'not-kept'
  /** A lock or version came in between: count again at once. */
  | 'conflict'
  /** A server is away: wait and count again. */
  | 'outage'
  /** A bug, or a database that is not ours: nothing here can mend it. */
  | 'fatal';

// Serialization failure, deadlock, lock not available: somebody else holds what is needed, and will not for ever.
const HELD: ReadonlySet<unknown> = new Set(['40001', '40P01', '55P03']);
// A key that another process took first, a partition dropped meanwhile: not so any more once state is read anew.
const OVERTAKEN: ReadonlySet<unknown> = new Set(['23505', '23514']);

/** `conflicts`: how many there were since something was counted. One that stays is waited for, or none that can end. */
export function verdictOn(error: unknown, conflicts: number): Verdict {
  if (error instanceof OffsetMoved) return 'moved';
  if (error instanceof RecordNotKept) return 'not-kept';
  const code = (error as { code?: unknown } | null)?.code;
  if (HELD.has(code)) return conflicts < MAX_CONFLICTS ? 'conflict' : 'outage';
  if (OVERTAKEN.has(code)) return conflicts < MAX_CONFLICTS ? 'conflict' : 'fatal';
  return isOutage(error) ? 'outage' : 'fatal';
}

const MAX_CONFLICTS = 10;
