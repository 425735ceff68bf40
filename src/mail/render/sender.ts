export interface Sender {
  readonly name: string;
  readonly address: string;
}

const WITH_NAME = /^\s*(?:"([^"]*)"|([^<>"]*?))\s*<([^<>\s,;@]+@[^<>\s,;@]+)>\s*$/;
const PLAIN = /^\s*([^<>\s,;"@]+@[^<>\s,;"@]+)\s*$/;

/**
 * One address with or without a name: `Fair Use <fair-use@example.com>`.
 * @throws TypeError when the text is anything else
 */
export function parseSender(text: string): Sender {
  const named = WITH_NAME.exec(text);
  if (named !== null) return { name: (named[1] ?? named[2] ?? '').trim(), address: named[3] ?? '' };
  const plain = PLAIN.exec(text);
  if (plain !== null) return { name: '', address: plain[1] ?? '' };
  throw new TypeError('the sender of the mails is not one address');
}

/** The address that a reply goes to, with the notification's id as its token: `fair-use+<id>@example.com`. */
export function replyAddress(address: string, notificationId: string): string {
  const at = address.lastIndexOf('@');
  return `${address.slice(0, at)}+${notificationId}${address.slice(at)}`;
}
