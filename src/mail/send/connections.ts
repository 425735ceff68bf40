import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { MailServer } from './server.js';

/** A connection that may take several messages, one after the other. */
export interface Line {
  readonly smtp: SMTPConnection;
  /** Messages that went over it. */
  readonly messages: number;
}

// As Postfix does with the connections of its own client: a burst shares them, a quiet time keeps none.
const FREE_FOR_MS = 2_000;
// Servers count too, and what they do at their limit differs from one to another.
const MOST_MESSAGES = 100;
const GOODBYE_MS = 1_000;

/**
 * The connections to one mail server that took a message and are free: the next message is spared the greeting, the
 * encryption and the login. Nothing is kept for long, and nothing that ended otherwise than by an accepted message.
 */
export class Connections {
  private readonly free = new Map<Line, () => void>();
  private closed = false;

  constructor(readonly server: MailServer) {}

  /** The free connection that was used last, or `null`. It is the caller's until it is given back or closed. */
  take(): Line | null {
    const line = [...this.free.keys()].at(-1);
    if (line === undefined) return null;
    this.forget(line);
    return line;
  }

  /** A new one, which is not connected yet. */
  open(): Line {
    // The connection keeps its options and changes some: each gets its own.
    return { smtp: new SMTPConnection({ ...this.server.connection }), messages: 0 };
  }

  /** The message was accepted. */
  giveBack({ smtp, messages }: Line): void {
    const line = { smtp, messages: messages + 1 };
    if (this.closed || line.messages >= MOST_MESSAGES || smtp.destroyed) {
      leave(line);
      return;
    }
    const onEnd = (): void => this.forget(line);
    const timer = setTimeout(() => {
      this.forget(line);
      leave(line);
    }, FREE_FOR_MS);
    timer.unref();
    smtp.once('end', onEnd);
    // The server may reset it while nobody uses it; an error without a listener would end the process.
    smtp.on('error', ignore);
    this.free.set(line, () => {
      clearTimeout(timer);
      smtp.off('end', onEnd);
      smtp.off('error', ignore);
    });
  }

  /** Ends what is free, and what is given back from now on. */
  close(): void {
    this.closed = true;
    for (const line of [...this.free.keys()]) {
      this.forget(line);
      leave(line);
    }
  }

  private forget(line: Line): void {
    this.free.get(line)?.();
    this.free.delete(line);
  }
}

/** Says goodbye, but waits for no answer: the messages are taken. */
function leave({ smtp }: Line): void {
  smtp.on('error', ignore);
  smtp.quit();
  setTimeout(() => smtp.close(), GOODBYE_MS).unref();
}

function ignore(): void {
  // The messages that went over it have their answers.
}
