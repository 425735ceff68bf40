import type { Outcome } from '../../domain/notices/delivery/outcome.js';
import { failpoint } from '../../support/failpoints.js';
import { DataRefused, guardedBody } from './body.js';
import { classify, failureOf, isOfTheConnection, oneLine } from './classify.js';
import type { Connections, Line } from './connections.js';

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

/**
 * One SMTP dialogue of one attempt; never throws. It leaves its connection to the next message when this one was
 * accepted, and closes it otherwise.
 */
export function sendLetter(connections: Connections, letter: Letter, control: Control): Promise<Outcome> {
  return new Promise((resolve) => {
    new Dialogue(connections, letter, control, resolve).start();
  });
}

class Dialogue {
  private line: Line;
  private readonly timer: NodeJS.Timeout;
  private asked = false;
  private dataBegan = false;
  private settled = false;

  constructor(
    private readonly connections: Connections,
    private readonly letter: Letter,
    private readonly control: Control,
    private readonly resolve: (outcome: Outcome) => void,
  ) {
    this.line = connections.take() ?? connections.open();
    this.timer = setTimeout(this.onTimeout, connections.server.attemptMs);
  }

  start(): void {
    const { hurry, end } = this.control;
    hurry.addEventListener('abort', this.onHurry);
    end.addEventListener('abort', this.onEnd);
    this.listen();
    if (hurry.aborted || end.aborted) this.settle({ kind: 'released' });
    else if (this.line.messages > 0) this.send();
    else this.connect();
  }

  private listen(): void {
    const { line } = this;
    // The connection may fail at any time, once the attempt is settled too: without a listener that would throw.
    line.smtp.on('error', this.onError);
    // A connection that ends for whatever reason settles the attempt: nothing may wait for ever.
    line.smtp.once('end', this.onClosed);
  }

  private connect(): void {
    const { line } = this;
    line.smtp.connect((error) => {
      if (error !== undefined) this.fail(error, line);
      else this.login(line);
    });
  }

  private login(line: Line): void {
    const { credentials } = this.connections.server;
    if (this.settled) return;
    if (credentials === null) {
      this.send();
      return;
    }
    line.smtp.login({ ...credentials }, (error) => {
      if (error !== null) this.fail(error, line);
      else this.send();
    });
  }

  private send(): void {
    if (this.settled) return;
    const { line } = this;
    const { from, to, raw } = this.letter;
    const begin = async (): Promise<boolean> => {
      this.asked = true;
      return (await this.control.begin()) && !this.settled;
    };
    const body = guardedBody(raw, begin, () => {
      this.dataBegan = true;
    });
    const sent = (): void =>
      void failpoint('mail.data-sent')?.catch((error: unknown) => this.fail(error, line));
    body.once('end', () => setImmediate(sent));
    line.smtp.send({ from, to: [to] }, body, (error, info) => {
      if (error === null) {
        this.settle({ kind: 'accepted', answer: oneLine(info.response) });
      } else if (error instanceof DataRefused) {
        this.settle({ kind: 'lost' });
      } else {
        this.fail(error, line);
      }
    });
  }

  /** @param of the connection that failed: one that was given up has nothing to say any more */
  private fail(error: unknown, of: Line): void {
    if (this.settled || of !== this.line) return;
    const failure = failureOf(error);
    if (of.messages > 0 && !this.asked && isOfTheConnection(failure)) this.connectAnew();
    else this.settle(classify(failure, this.dataBegan));
  }

  /** A connection that was free may have ended meanwhile: that says nothing of this message, and nothing was sent. */
  private connectAnew(): void {
    this.release();
    this.line.smtp.close();
    this.line = this.connections.open();
    this.listen();
    this.connect();
  }

  private readonly onError = (error: unknown): void => this.fail(error, this.line);

  private readonly onClosed = (): void => {
    const { line } = this;
    setImmediate(() => this.fail(new Error('connection closed'), line));
  };

  // The time is the whole attempt's: nothing of it is left for another connection.
  private readonly onTimeout = (): void =>
    this.settle(classify(failureOf(new Error('the attempt took too long')), this.dataBegan));

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
    if (outcome.kind === 'accepted') {
      this.release();
      this.connections.giveBack(this.line);
    } else {
      this.line.smtp.close();
    }
    this.resolve(outcome);
  }

  /** Hears no more of its connection. */
  private release(): void {
    this.line.smtp.off('error', this.onError);
    this.line.smtp.off('end', this.onClosed);
  }
}
