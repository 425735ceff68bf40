import { ZoneRulesProvider } from '@js-joda/core';
import '@js-joda/timezone';
import type { AccountSnapshot } from '../records.js';

const zones = new Set(ZoneRulesProvider.getAvailableZoneIds());

/**
 * A snapshot as far as it makes sense: UTC for a zone that is none, no anchor for a day that no month has, the first
 * entry of a workspace that is named twice.
 */
export function sensible(snapshot: AccountSnapshot): AccountSnapshot {
  const { timeZone, billingAnchorDay, workspaces } = snapshot;
  const isDay = billingAnchorDay !== null && billingAnchorDay >= 1 && billingAnchorDay <= 31;
  const byId = new Map([...workspaces].reverse().map((one) => [one.workspaceId, one]));
  return {
    ...snapshot,
    timeZone: zones.has(timeZone) ? timeZone : 'UTC',
    billingAnchorDay: isDay ? billingAnchorDay : null,
    workspaces: workspaces.filter((one) => byId.get(one.workspaceId) === one),
  };
}
