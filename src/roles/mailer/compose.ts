import { isDeepStrictEqual } from 'node:util';
import { renderMessage, type Message } from '../../mail/render/message.js';
import type { MailInput } from '../../mail/render/notice.js';
import { parseSender, type Sender } from '../../mail/render/sender.js';
import type { DeliveryKey } from '../../postgres/deliveries/ledger.js';
import { loadMaterial, type Material } from '../../postgres/deliveries/material.js';
import { mailInput } from './mailInput.js';
import type { MailerContext } from './options.js';

/** A message, and what it says. */
export interface Draft {
  readonly input: MailInput;
  readonly message: Message;
}

/**
 * Renders the mails of deliveries that have no message yet, before anything is locked. What cannot be rendered is left
 * out: it is tried once more when it is known to be due.
 */
export async function draft(
  context: MailerContext,
  keys: readonly DeliveryKey[],
): Promise<Map<string, Draft>> {
  const material = await loadMaterial(context.pool, keys);
  const drafts = new Map<string, Draft>();
  const make = async ({ accountId, recipientKey }: DeliveryKey): Promise<void> => {
    const own = material.get(accountId);
    const row = own?.deliveries.find((delivery) => delivery.recipientKey === recipientKey);
    if (own === undefined || row === undefined || row.messageId !== null) return;
    const made = await compose(context, own, recipientKey).catch(() => null);
    if (made !== null) drafts.set(accountId, made);
  };
  // All at once: the library writes one message in eleven turns of the event loop, and counting may take milliseconds of each.
  await Promise.all(keys.map(make));
  return drafts;
}

/** The draft's message if it says what is so by now; else a new one. Rejects when that cannot be rendered. */
export async function revise(
  context: MailerContext,
  material: Material,
  recipientKey: string,
  made: Draft | undefined,
): Promise<Message> {
  const { notice, snapshot, deliveries } = material;
  const input = mailInput(notice, snapshot, deliveries, recipientKey);
  if (made !== undefined && isDeepStrictEqual(made.input, input)) return made.message;
  return (await compose(context, material, recipientKey)).message;
}

async function compose(
  context: MailerContext,
  { notice, snapshot, deliveries }: Material,
  recipientKey: string,
): Promise<Draft> {
  const input = mailInput(notice, snapshot, deliveries, recipientKey);
  const sending = { from: senderOf(context), replyTo: context.smtp.replyTo, date: Date.now() };
  return { input, message: await renderMessage(input, sending) };
}

/** Who the mails are from, as configured. */
export function senderOf({ smtp }: Pick<MailerContext, 'smtp'>): Sender {
  return parseSender(smtp.from);
}
