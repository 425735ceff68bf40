import type { Truth } from '../truth/types.js';
import { differences, scopeInWords, type Statement } from './differences.js';
import { JUDGED_RULES, overageStatement, violationInWords, violationsOf } from './statements.js';
import type { Views } from './views.js';

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

const measure = (row: Truth['measures'][number] | Views['measures'][number]): Statement => ({
  about: `account ${row.accountId}, ${row.kind}, from ${String(row.effectiveFrom)}`,
  says: { status: row.status, effectiveUntil: row.effectiveUntil },
});

/** Counts, levels, violations, overages, measures and dead letters: the truth against the reporting views. */
export function compareUsage(truth: Truth, views: Views): string[] {
  return [
    ...differences('usage', truth.windows.map(window), views.windows.map(window)),
    ...differences('crossing', truth.crossings.map(crossing), views.crossings.map(crossing)),
    ...compareViolations(truth, views),
    ...differences('overage', truth.overageSteps.map(overageStatement), views.overages.map(overageStatement)),
    // What the policy takes by itself; the other kinds are for people to propose and approve.
    ...differences(
      'measure',
      truth.measures.map(measure),
      views.measures.filter(({ kind }) => kind === 'LIMIT_SERVICE').map(measure),
    ),
    ...differences('dead letter', truth.deadLetters.map(letter), views.deadLetters.map(letter)),
  ];
}

function compareViolations(truth: Truth, views: Views): string[] {
  const ours = views.violations.filter(({ rule }) => JUDGED_RULES.includes(rule));
  const detailNames = ['fileName', 'sizeBytes', 'botId'];
  return differences(
    'violation',
    violationsOf(truth).map(({ facts, details, closedAt }) => ({
      about: violationInWords(facts),
      says: { closedAt, ...details },
    })),
    ours.map(({ details, closedAt, ...facts }) => ({
      about: violationInWords(facts),
      says: {
        closedAt,
        ...Object.fromEntries(Object.entries(details).filter(([name]) => detailNames.includes(name))),
      },
    })),
  );
}
