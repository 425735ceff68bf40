import type { Admin, Kafka } from 'kafkajs';
import type { Registry } from '../kafka/registry.js';
import type { Log } from '../support/log.js';
import { reasonOf } from '../support/outage.js';
import { Outage } from './outage.js';
import { sleep } from './wait.js';

const ASK_EVERY_MS = 2_000;
const ANSWER_WITHIN_MS = 3_000;

export interface ServerWatchOptions {
  /** A client that tries once: the next question comes soon enough. */
  readonly kafka: Kafka;
  readonly registry: Pick<Registry, 'check'>;
  readonly log: Log;
}

/**
 * Asks broker and registry every two seconds whether they are there and make sense (contract §1, `/readyz`): a role that has nothing
 * to do, or every schema in memory, would not notice for long that they are away. Says so when one goes and comes back.
 */
export class ServerWatch {
  private readonly stopping = new AbortController();
  private readonly found: Record<string, string> = { kafka: 'not asked yet', registry: 'not asked yet' };
  private readonly outages: Readonly<Record<string, Outage>>;
  private admin: Admin | null = null;
  private running: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ServerWatchOptions) {
    const { log } = options;
    this.outages = { kafka: new Outage(log, 'Kafka'), registry: new Outage(log, 'the schema registry') };
  }

  /** Per server `ok`, or why it does not answer. */
  get parts(): Readonly<Record<string, string>> {
    return this.found;
  }

  start(): void {
    this.running = Promise.all([
      this.watch('kafka', () => this.askBroker()),
      this.watch('registry', () => this.options.registry.check('fair-use.notifications.v1')),
    ]);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.forgetAdmin();
  }

  private async watch(server: string, ask: () => Promise<unknown>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await inTime(ask(), signal);
        this.found[server] = 'ok';
        this.outages[server]?.ended();
      } catch (error) {
        if (server === 'kafka') this.forgetAdmin();
        this.found[server] = reasonOf(error);
        if (!isAborted(signal)) this.outages[server]?.began(error);
      }
      await sleep(ASK_EVERY_MS, signal);
    }
  }

  private async askBroker(): Promise<void> {
    const admin = this.admin ?? this.options.kafka.admin();
    const connected = this.admin !== null;
    this.admin = admin;
    if (!connected) await admin.connect();
    if (this.admin === admin) await admin.describeCluster();
    // Given up while it was connecting: nobody else would end the connection.
    else await admin.disconnect();
  }

  private forgetAdmin(): void {
    this.admin?.disconnect().catch(() => undefined);
    this.admin = null;
  }
}

/** The answer, or an error when there is none in time or the watch is to stop. */
async function inTime(answer: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const gone = new AbortController();
  const late = sleep(ANSWER_WITHIN_MS, AbortSignal.any([gone.signal, signal])).then(() => {
    if (!gone.signal.aborted) throw new Error(`no answer within ${ANSWER_WITHIN_MS / 1_000} s`);
  });
  try {
    await Promise.race([answer, late]);
  } finally {
    gone.abort();
    answer.catch(() => undefined);
    late.catch(() => undefined);
  }
}

// Between two reads of the property the compiler takes it to stay the same.
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
