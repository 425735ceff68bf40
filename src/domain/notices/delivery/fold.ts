import type { NoticeStatus } from '../../judging/ledger.js';

type DeliveryStatus = 'PENDING' | 'SENDING' | 'SENT' | 'FAILED' | 'UNKNOWN' | 'CANCELLED';

/** Reasons of a failed delivery that are not a mail server's answer. */
export const INVALID_ADDRESS = 'invalid-address';
export const GAVE_UP = 'gave-up';
export const NO_RECIPIENT = 'no-recipient';
const REFUSED = 'refused';
export const NO_ANSWER = 'no-answer';

export interface DeliveryState {
  readonly status: DeliveryStatus;
  readonly reason: string | null;
}

export interface NoticeState {
  readonly status: NoticeStatus;
  readonly reason: string | null;
}

/**
 * The notice's state from its deliveries' (contract §6): SENT as soon as one was accepted; otherwise, once all are
 * settled, UNKNOWN when one is unknown, else FAILED. `null` while that is open, and for one that was cancelled whole.
 */
export function foldNotice(deliveries: readonly DeliveryState[]): NoticeState | null {
  const has = (status: DeliveryStatus): boolean => deliveries.some((delivery) => delivery.status === status);
  if (deliveries.length === 0) return { status: 'FAILED', reason: NO_RECIPIENT };
  if (has('SENT')) return { status: 'SENT', reason: null };
  if (has('PENDING') || has('SENDING')) return null;
  if (has('UNKNOWN')) return { status: 'UNKNOWN', reason: NO_ANSWER };
  if (has('FAILED')) return { status: 'FAILED', reason: failureOf(deliveries) };
  return null;
}

function failureOf(deliveries: readonly DeliveryState[]): string {
  const failed = deliveries.filter(({ status }) => status === 'FAILED').map(({ reason }) => reason);
  if (failed.every((reason) => reason === INVALID_ADDRESS)) return INVALID_ADDRESS;
  return failed.includes(GAVE_UP) ? GAVE_UP : REFUSED;
}

/**
 * Whether the mailer may move a notice from one status to another: what is settled stays, save that an answer which
 * came late turns UNKNOWN into SENT.
 */
export function maySettle(from: NoticeStatus, to: NoticeStatus): boolean {
  return from === 'PENDING' ? to !== 'PENDING' : from === 'UNKNOWN' && to === 'SENT';
}
