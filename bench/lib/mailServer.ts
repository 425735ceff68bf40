import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { SMTPServer } from 'smtp-server';

const ABOUT = /^X-Notification-Id:\s*(.+)$/i;

/** A real SMTP server that accepts every mail and notes when, by the notification it is about. */
export class MailServer {
  /** Epoch ms at which the first mail about a notification was accepted. */
  readonly acceptedAt = new Map<string, number>();

  private constructor(private readonly server: SMTPServer) {}

  static async start(): Promise<MailServer> {
    const server = new SMTPServer({
      authOptional: true,
      // A name server that does not answer would be part of every mail's time.
      disableReverseLookup: true,
      disabledCommands: ['STARTTLS'],
      onData: (stream, _session, done) => {
        const ids: string[] = [];
        let inHeaders = true;
        const lines = createInterface({ input: stream });
        lines.on('line', (line) => {
          inHeaders &&= line !== '';
          const about = inHeaders ? ABOUT.exec(line)?.[1] : undefined;
          if (about !== undefined) ids.push(...about.split(/[\s,]+/));
        });
        lines.once('close', () => {
          const now = Date.now();
          for (const id of ids) if (!mails.acceptedAt.has(id)) mails.acceptedAt.set(id, now);
          done();
        });
      },
    });
    const mails = new MailServer(server);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    return mails;
  }

  /** What an engine needs to mail here. */
  get env(): NodeJS.ProcessEnv {
    const { port } = this.server.server.address() as AddressInfo;
    return { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'Fair Use <fair-use@platform.example>' };
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }
}
