import { createHash } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { contentOf } from './content.js';
import { plainName } from './names.js';
import type { MailInput } from './notice.js';
import { partsOf } from './parts.js';
import { replyAddress, type Sender } from './sender.js';

export interface Sending {
  readonly from: Sender;
  /** Where replies go, before the notification's token; null: to the sender. */
  readonly replyTo: string | null;
  /** Epoch milliseconds: the machine's clock, not the business one. */
  readonly date: number;
}

export interface Message {
  /** With angle brackets. */
  readonly messageId: string;
  /** The whole message, CRLF lines: every attempt sends these bytes. */
  readonly raw: Buffer;
}

/**
 * The message of one notice to one recipient. The same arguments give the same bytes: the Message-ID and the MIME
 * boundary come from the notice and the address, the date from the caller.
 */
export async function renderMessage(input: MailInput, sending: Sending): Promise<Message> {
  const { notice, to } = input;
  const { from, replyTo, date } = sending;
  const digest = createHash('sha256')
    .update(`${notice.notificationId}\n${to.address.toLowerCase()}`)
    .digest('hex')
    .slice(0, 24);
  const messageId = `<${notice.notificationId}.${digest}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`;
  const content = contentOf(input);
  const composer = new MailComposer({
    from,
    to: { name: plainName(to.name), address: to.address },
    replyTo: replyAddress(replyTo ?? from.address, notice.notificationId),
    subject: content.subject,
    messageId,
    date: new Date(date),
    baseBoundary: digest,
    headers: { 'X-Notification-Id': notice.notificationId, 'Auto-Submitted': 'auto-generated' },
    ...partsOf(content),
    normalizeHeaderKey: (key) => key,
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return { messageId, raw: await composer.compile().build() };
}
