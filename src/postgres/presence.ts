import type pg from 'pg';
import type { Queryable } from './transaction.js';

// Any constant: all processes of a database must share it.
const PROCESS_LOCKS = 7_210_335;

/** A number that no other living process has. */
export async function drawProcessNumber(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ number: number }>(`select nextval('process_numbers')::int as number`);
  return rows[0]?.number ?? 0;
}

/** Holds the number for as long as the session lasts; waits while a session that broke still seems to hold it. */
export async function holdProcess(session: Queryable, process: number): Promise<void> {
  // It says nothing for as long as the process lives.
  await session.query('set idle_session_timeout = 0');
  await session.query(`select pg_advisory_lock(${PROCESS_LOCKS}, $1)`, [process]);
}

/** A process whose session is gone, and the member of a group that it was. */
export interface DeadMember {
  readonly process: number;
  readonly memberId: string;
}

/**
 * The members of a group whose processes have died, with their locks taken in this session, so that nobody else cares
 * for them. Needs {@link forgetDead} afterwards.
 */
export async function takeDead(session: Queryable, groupId: string, self: number): Promise<DeadMember[]> {
  // Materialized: a lock must be tried once for each row, and for no other.
  const { rows } = await session.query<{ process: number; member_id: string; dead: boolean }>(
    `with others as materialized (
       select process, member_id from group_members where group_id = $1 and process <> $2
     )
     select process, member_id, pg_try_advisory_lock(${PROCESS_LOCKS}, process) as dead from others`,
    [groupId, self],
  );
  return rows.filter(({ dead }) => dead).map(({ process, member_id: memberId }) => ({ process, memberId }));
}

/** Lets go of the locks of {@link takeDead}; the rows of members that `left` their group go too. */
export async function forgetDead(
  session: Queryable,
  groupId: string,
  dead: readonly DeadMember[],
  left: boolean,
): Promise<void> {
  const processes = dead.map(({ process }) => process);
  if (left) {
    await session.query('delete from group_members where group_id = $1 and process = any($2::int[])', [
      groupId,
      processes,
    ]);
  }
  await session.query(`select pg_advisory_unlock(${PROCESS_LOCKS}, p) from unnest($1::int[]) as u(p)`, [
    processes,
  ]);
}

export async function writeMember(
  pool: pg.Pool,
  groupId: string,
  process: number,
  memberId: string,
): Promise<void> {
  await pool.query(
    `insert into group_members (group_id, process, member_id) values ($1, $2, $3)
     on conflict (group_id, process) do update set member_id = excluded.member_id, joined_at = now()`,
    [groupId, process, memberId],
  );
}

export async function deleteMember(pool: pg.Pool, groupId: string, process: number): Promise<void> {
  await pool.query('delete from group_members where group_id = $1 and process = $2', [groupId, process]);
}
