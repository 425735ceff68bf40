import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Outcome } from '../../domain/notices/delivery/outcome.js';
import { failpoint } from '../../support/failpoints.js';
import { DataRefused, guardedBody } from './body.js';
import { classify, failureOf, oneLine } from './classify.js';
import type { MailServer } from './server.js';

const GOODBYE_MS = 1_000;

/** One message on its way to one mailbox. */
export interface Letter {
  /** Plain addresses, already validated. */
  readonly from: string;
  readonly to: string;
  readonly raw: Buffer;
}

/** How an attempt is guarded and stopped. */
export interface Control {
  /** Commits that the data begins; false: the attempt is no longer ours and nothing may be sent. */
  begin(): Promise<boolean>;
  /** Aborted: an attempt that sent nothing yet stops; one under way goes on. */
  readonly hurry: AbortSignal;
  /** Aborted: an attempt stops whatever it is doing. */
  readonly end: AbortSignal;
}

/** One SMTP dialogue of one attempt; never throws, and leaves no connection behind. */
export function sendLetter(server: MailServer, letter: Letter, control: Control): Promise<Outcome> {
  return new Promise((resolve) => {
    new Dialogue(server, letter, control, resolve).start();
  });
}

class Dialogue {
  private readonly connection: SMTPConnection;
  private readonly timer: NodeJS.Timeout;
  private dataBegan = false;
  private settled = false;

  constructor(
    private readonly server: MailServer,
    private readonly letter: Letter,
    private readonly control: Control,
    private readonly resolve: (outcome: Outcome) => void,
  ) {
    // The connection keeps its options and changes some: each gets its own.
    this.connection = new SMTPConnection({ ...server.connection });
    this.timer = setTimeout(this.onTimeout, server.attemptMs);
  }

  start(): void {
    const { hurry, end } = this.control;
    hurry.addEventListener('abort', this.onHurry);
    end.addEventListener('abort', this.onEnd);
    // The connection may fail at any time, once the attempt is settled too: without a listener that would throw.
    this.connection.on('error', (error: unknown) => this.fail(error));
    // A connection that ends for whatever reason settles the attempt: nothing may wait for ever.
    this.connection.once('end', () => setImmediate(() => this.fail(new Error('connection closed'))));
    if (hurry.aborted || end.aborted) {
      this.settle({ kind: 'released' });
      return;
    }
    this.connection.connect((error) => {
      if (error !== undefined) this.fail(error);
      else this.login();
    });
  }

  private login(): void {
    const { credentials } = this.server;
    if (this.settled) return;
    if (credentials === null) {
      this.send();
      return;
    }
    this.connection.login({ ...credentials }, (error) => {
      if (error !== null) this.fail(error);
      else this.send();
    });
  }

  private send(): void {
    if (this.settled) return;
    const { from, to, raw } = this.letter;
    const begin = async (): Promise<boolean> => (await this.control.begin()) && !this.settled;
    const body = guardedBody(raw, begin, () => {
      this.dataBegan = true;
    });
    const sent = (): void => void failpoint('mail.data-sent')?.catch((error: unknown) => this.fail(error));
    body.once('end', () => setImmediate(sent));
    this.connection.send({ from, to: [to] }, body, (error, info) => {
      if (error === null) {
        this.settle({ kind: 'accepted', answer: oneLine(info.response) });
      } else if (error instanceof DataRefused) {
        this.settle({ kind: 'lost' });
      } else {
        this.fail(error);
      }
    });
  }

  private fail(error: unknown): void {
    this.settle(classify(failureOf(error), this.dataBegan));
  }

  private readonly onTimeout = (): void => this.fail(new Error('the attempt took too long'));

  private readonly onHurry = (): void => {
    if (!this.dataBegan) this.settle({ kind: 'released' });
  };

  private readonly onEnd = (): void => {
    this.settle(
      this.dataBegan ? { kind: 'unknown', reason: 'stopped before the answer' } : { kind: 'released' },
    );
  };

  private settle(outcome: Outcome): void {
    if (this.settled) return;
    this.settled = true;
    clearTimeout(this.timer);
    this.control.hurry.removeEventListener('abort', this.onHurry);
    this.control.end.removeEventListener('abort', this.onEnd);
    if (outcome.kind === 'accepted') this.leave();
    else this.connection.close();
    this.resolve(outcome);
  }

  /** Says goodbye, but waits for no answer: the message is taken. */
  private leave(): void {
    this.connection.quit();
    setTimeout(() => this.connection.close(), GOODBYE_MS).unref();
  }
}
