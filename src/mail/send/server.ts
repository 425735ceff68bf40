import type { SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';

/** Bounds of the dialogue, in milliseconds. */
export interface Timeouts {
  readonly connectionMs: number;
  readonly greetingMs: number;
  /** Silence of the server. */
  readonly socketMs: number;
  /** The whole attempt: shorter than its lease, or another mailer would take it over. */
  readonly attemptMs: number;
}

export const TIMEOUTS: Timeouts = {
  connectionMs: 10_000,
  greetingMs: 10_000,
  socketMs: 60_000,
  attemptMs: 100_000,
};

/** A mail server, as read from its URL. */
export interface MailServer {
  readonly connection: SMTPConnectionOptions;
  readonly credentials: { readonly user: string; readonly pass: string } | null;
  readonly attemptMs: number;
}

/**
 * Reads `smtp://user:pass@host:port` (port 587 when left out) or `smtps://…` (465).
 * @throws TypeError when it is no such URL; the message holds no part of it, since it may hold a password
 */
export function mailServer(url: string, requireTls: boolean, timeouts: Timeouts = TIMEOUTS): MailServer {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const secure = parsed?.protocol === 'smtps:';
  if (parsed === null || (!secure && parsed.protocol !== 'smtp:') || parsed.hostname === '') {
    throw new TypeError('the mail server is not an smtp:// or smtps:// URL');
  }
  const connection: SMTPConnectionOptions = {
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: parsed.port === '' ? (secure ? 465 : 587) : Number(parsed.port),
    secure,
    requireTLS: requireTls && !secure,
    connectionTimeout: timeouts.connectionMs,
    greetingTimeout: timeouts.greetingMs,
    socketTimeout: timeouts.socketMs,
    dnsTimeout: timeouts.connectionMs,
    socketCloseTimeout: 1_000,
    maxResponseSize: 64 * 1024,
    tls: {
      minVersion: 'TLSv1.2',
      // Where clear text is allowed anyway, encryption without a known certificate is still the better of the two.
      rejectUnauthorized: requireTls || secure,
    },
  };
  const user = decodeURIComponent(parsed.username);
  const credentials = user === '' ? null : { user, pass: decodeURIComponent(parsed.password) };
  return { connection, credentials, attemptMs: timeouts.attemptMs };
}
