import type { Role } from '../role.js';
import { NotificationConsumer } from './consumer.js';
import { contextOf, type MailerOptions } from './options.js';
import { DeliveryWorker } from './worker.js';

/** What the mailer has and lacks at this moment. */
interface MailerHealth {
  /** It has what it needs and moves; a mail server that is down does not count. */
  readonly ready: boolean;
  readonly problems: readonly string[];
  readonly mailServerAnswers: boolean;
}

export interface Mailer extends Role {
  health(): MailerHealth;
}

/**
 * The mailer: takes in notifications, opens a delivery for each recipient, and sends what is due. Any number of them
 * may run on one database. Outages of broker, registry, database and mail server are waited out.
 * @throws TypeError when the mail server's URL or the sender is malformed
 */
export function createMailer(options: MailerOptions): Mailer {
  const context = contextOf(options);
  const worker = new DeliveryWorker(context);
  const consumer = new NotificationConsumer(context, () => worker.wake());
  const problems = (): string[] =>
    [consumer.problem(), worker.problem()].filter((problem) => problem !== null);
  return {
    name: 'mailer',
    start: () => {
      worker.start();
      consumer.start();
      return Promise.resolve();
    },
    stop: async () => {
      await Promise.all([consumer.stop(), worker.stop()]);
    },
    problem: () => problems()[0] ?? null,
    health: () => ({
      ready: problems().length === 0,
      problems: problems(),
      mailServerAnswers: worker.mailServerAnswers,
    }),
  };
}
