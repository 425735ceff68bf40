import type pg from 'pg';

/** The channel on which a commit tells that it brought rows of the outbox. */
export const OUTBOX_CHANNEL = 'fair_use_outbox';

/**
 * Has a session hear of every later commit that brings rows of the outbox, until it ends. What was committed before it
 * is not told of.
 */
export async function onAppended(session: pg.ClientBase, heard: () => void): Promise<void> {
  session.on('notification', heard);
  await session.query(`listen ${OUTBOX_CHANNEL}`);
}
