import { HOUR_MS, type Window, type WindowKind } from '../windows/window.js';

const HOUR_NOTICE_GRACE_MS = 24 * HOUR_MS;

/**
 * No stale mail (contract §3): a threshold notice is not mailed once its window has ended; for an hour, once 24 h
 * have passed since its end.
 */
export function isStale(kind: WindowKind, window: Window, now: number): boolean {
  return now >= window.end + (kind === 'hour' ? HOUR_NOTICE_GRACE_MS : 0);
}
