import type { Queryable } from '../transaction.js';

/** Keeps a message as it was rendered: every attempt sends these bytes. */
export async function storeMessage(
  tx: Queryable,
  accountId: string,
  messageId: string,
  raw: Buffer,
): Promise<void> {
  await tx.query(
    'insert into messages (account_id, message_id, raw) values ($1, $2, $3) on conflict do nothing',
    [accountId, messageId, raw],
  );
}

/** @throws Error when there is no such message */
export async function loadMessage(tx: Queryable, accountId: string, messageId: string): Promise<Buffer> {
  const { rows } = await tx.query<{ raw: Buffer }>(
    'select raw from messages where account_id = $1 and message_id = $2',
    [accountId, messageId],
  );
  if (rows[0] === undefined) throw new Error(`message ${messageId} is missing`);
  return rows[0].raw;
}
