import type { Truth } from '../truth/types.js';
import { differences, scopeInWords, type Statement } from './differences.js';
import type { Views } from './views.js';

const RULES = [
  'chats-per-hour',
  'sessions-per-month',
  'chats-per-month',
  'tickets-per-month',
  'upload-bytes-per-year',
];

const window = (row: Truth['windows'][number] | Views['windows'][number]): Statement => {
  const { used, peak60m, limit, plan } = row;
  return { about: scopeInWords(row), says: { used, peak60m, limit, plan, end: row.end } };
};

const crossing = (row: Truth['crossings'][number] | Views['crossings'][number]): Statement => {
  const { level, limit, used, crossedAt, causeEventId, continuesEpisode } = row;
  const about = `${scopeInWords(row)}, ${String(level)} % of ${String(limit)}`;
  return { about, says: { used, crossedAt, causeEventId, continuesEpisode } };
};

const letter = (row: Truth['deadLetters'][number] | Views['deadLetters'][number]): Statement => ({
  about: `${row.topic}/${String(row.partition)}@${String(row.offset)}`,
  says: { reason: row.reason },
});

/** Counts, levels, violations, overages and dead letters: the truth against the reporting views. */
export function compareUsage(truth: Truth, views: Views): string[] {
  const violation = (row: Views['violations'][number]): Statement => ({
    about: `${scopeInWords(row)}, ${new Date(row.occurredAt).toISOString()}`,
    says: {},
  });
  const overage = (row: Truth['overages'][number] | Views['overages'][number]): Statement => ({
    about: `${scopeInWords(row)}, over ${String(row.limit)}`,
    says: { used: row.used },
  });
  return [
    ...differences('usage', truth.windows.map(window), views.windows.map(window)),
    ...differences('crossing', truth.crossings.map(crossing), views.crossings.map(crossing)),
    ...differences(
      'violation',
      truth.violations.map((row) => violation({ ...row, id: '', occurredAt: row.crossedAt })),
      views.violations.filter(({ rule }) => RULES.includes(rule)).map(violation),
    ),
    ...differences(
      'overage started',
      truth.overages.map(overage),
      views.overages.filter(({ kind }) => kind === 'STARTED').map(overage),
    ),
    ...differences('dead letter', truth.deadLetters.map(letter), views.deadLetters.map(letter)),
  ];
}
