import type { NoticeState } from '../../domain/notices/delivery/fold.js';
import type { NoticeKey } from '../../postgres/deliveries/notices.js';
import type { ClaimedDelivery } from './claim.js';
import type { Finished } from './finish.js';
import type { MailerContext } from './options.js';

type Telling = Pick<MailerContext, 'log' | 'metrics'>;

/** Counts and logs how an attempt ended, and its notice if that came to an end with it. */
export function tellFinished(context: Telling, { attempt }: ClaimedDelivery, finished: Finished): void {
  const { outcome, settled } = finished;
  context.metrics.deliveries.inc({ outcome });
  const level = outcome === 'refused' || outcome === 'gave-up' ? 'warn' : 'debug';
  context.log[level]({ ...attempt, outcome }, 'delivery attempt ended');
  tellSettled(context, attempt, settled);
}

/** Counts and logs the end of a notice; null: it has none yet. */
export function tellSettled({ log, metrics }: Telling, key: NoticeKey, state: NoticeState | null): void {
  if (state === null) return;
  const { accountId, notificationId } = key;
  metrics.notices.inc({ status: state.status });
  log.info({ accountId, notificationId, ...state }, 'notice settled');
}
