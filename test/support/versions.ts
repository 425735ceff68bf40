import type { Policy } from '../../src/domain/policy/policy.js';
import type { LaterVersion } from '../../src/simulation/truth/types.js';
import { policyWith, UPLOAD_BYTES } from './engineLog.js';
import { BEGIN } from './happenedLog.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIB = 1_024 ** 2;

/** A policy for the engine, and the same in the words of the recount. */
export interface Versions {
  readonly policy: Policy;
  readonly later: readonly LaterVersion[];
}

type Text = readonly [string, string];

const ONE_WORKSPACE = '      one-workspace: Jikoo allows only 1 workspace to be used on this plan.\n';

/** How the figures stand in the file. A line of one limit begins alike in others: the first that fits is meant. */
function textOf(figures: Omit<LaterVersion, 'from'>): Text[] {
  const { chatsPerHour, sandboxSessions, sandboxChats, proSessions, unlimitedSessions } = figures;
  const { ltdTickets, uploadBytesPerYear, largestFile, ltdConditions } = figures;
  const limit = (of: string, to: number | undefined): Text[] =>
    to === undefined ? [] : [[of, of.replace(/limit: [0-9]+( MiB)?/, `limit: ${to}`)]];
  const texts = [
    ...limit('limit: 2000\n', chatsPerHour),
    ...limit(`limit: ${UPLOAD_BYTES}\n`, uploadBytesPerYear),
    ...limit('limit: 5 MiB\n', largestFile),
    ...limit('limit: 100\n        per: workspace', sandboxSessions),
    ...limit('limit: 100\n        per: account', sandboxChats),
    ...limit('limit: 10000\n        per: workspace', proSessions),
    ...limit('limit: 50000\n        per: workspace', unlimitedSessions),
    ...limit('limit: 10000\n        per: account', ltdTickets),
  ];
  return ltdConditions === undefined ? texts : [...texts, [ONE_WORKSPACE, '']];
}

function versions(...later: LaterVersion[]): Versions {
  const texts = later.map(({ from, ...figures }) => ({
    from: new Date(from).toISOString(),
    changes: textOf(figures),
  }));
  return { policy: policyWith(...texts), later };
}

const STRICT = {
  ...{ chatsPerHour: 1_700, sandboxSessions: 60, sandboxChats: 120, proSessions: 1_000 },
  ...{ unlimitedSessions: 2_000, ltdTickets: 1_100, uploadBytesPerYear: 500, largestFile: 6 * MIB },
  ltdConditions: ['own-websites', 'not-transferable', 'eligible-customer'] as const,
};

/** One version alone, and others that come into force in the first hours, days and months of a log. */
export const VERSIONS: readonly Versions[] = [
  versions(),
  versions({ from: BEGIN + 100 * MINUTE, ...STRICT }),
  versions({ from: BEGIN + 3 * DAY + 7, chatsPerHour: 2_500, proSessions: 790, largestFile: 5 * MIB + 1 }),
  versions(
    { from: BEGIN + 5 * HOUR + 1, chatsPerHour: 2_400, ltdTickets: 800 },
    { from: BEGIN + 20 * DAY, ...STRICT },
    { from: BEGIN + 40 * DAY, sandboxChats: 90 },
  ),
];

/** @throws RangeError when there are not so many */
export function versionsAt(index: number): Versions {
  const chosen = VERSIONS[index];
  if (chosen === undefined) throw new RangeError(`no policy ${index}`);
  return chosen;
}
