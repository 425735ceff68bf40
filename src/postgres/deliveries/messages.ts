import { byteaArray } from '../binaryArrays.js';
import type { Queryable } from '../transaction.js';

/** Keeps messages as they were rendered: every attempt sends these bytes. */
export async function storeMessages(
  tx: Queryable,
  messages: readonly { readonly accountId: string; readonly messageId: string; readonly raw: Buffer }[],
): Promise<void> {
  if (messages.length === 0) return;
  await tx.query(
    `insert into messages (account_id, message_id, raw)
     select * from unnest($1::text[], $2::text[], $3::bytea[]) on conflict do nothing`,
    [
      messages.map(({ accountId }) => accountId),
      messages.map(({ messageId }) => messageId),
      byteaArray(messages.map(({ raw }) => raw)),
    ],
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
