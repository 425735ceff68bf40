import type { Truth } from '../truth/types.js';
import { subjectInWords } from './compareNotices.js';
import { differences, scopeInWords, type Statement } from './differences.js';
import { wasReached } from './limitNamed.js';
import { JUDGED_RULES, overageStatement, value, violationInWords, violationsOf } from './statements.js';
import type { Fields, Published } from './topicEvents.js';

export type Topic = 'violations' | 'notifications' | 'overages' | 'measures';

const scopeOf = (record: Fields) => ({
  accountId: String(record['accountId']),
  workspaceId: record['workspaceId'] as string | null,
  rule: String(record['rule']),
});
const startOf = (record: Fields): number => Number(record['windowStart']);

/** What the events on the output topics say, against the truth. */
export function compareContents(truth: Truth, events: (topic: Topic) => Published[]): string[] {
  const of = (topic: Topic): Fields[] => events(topic).map(({ record }) => record);
  return [
    ...differences(
      'violation published',
      violationsOf(truth).map(({ facts, figures }) => ({ about: violationInWords(facts), says: figures })),
      of('violations')
        .filter(({ rule }) => JUDGED_RULES.includes(String(rule)))
        .map(violationRecord),
    ),
    ...differences(
      'notice published',
      [...truth.notices, ...truth.invitations]
        .filter(({ status }) => status !== 'SUPPRESSED')
        .map((notice) => ({
          about: subjectInWords(notice),
          says: { limit: notice.kind === 'UPGRADE_INVITATION' ? 'reached' : notice.limit },
        })),
      of('notifications')
        .filter(isOfLevels)
        .map((record) => noticeRecord(truth, record)),
    ),
    ...differences(
      'overage published',
      truth.overageSteps.map(overageStatement),
      of('overages').map(overageRecord),
    ),
    ...differences(
      'measure published',
      truth.measures.flatMap(measureEvents),
      of('measures')
        .filter(({ kind }) => kind === 'LIMIT_SERVICE')
        .map(measureRecord),
    ),
  ];
}

const isOfLevels = ({ kind }: Fields): boolean =>
  kind === 'THRESHOLD_WARNING' || kind === 'UPGRADE_INVITATION';

function violationRecord(record: Fields): Statement {
  const start = record['windowStart'] === null ? null : startOf(record);
  const occurredAt = Number(record['occurredAt']);
  const says = Object.fromEntries(
    ['used', 'limit', 'level', 'causeEventId'].map((field) => [field, value(record, field)]),
  );
  return { about: violationInWords({ ...scopeOf(record), start, occurredAt }), says };
}

/** An invitation may be for any limit that was reached; which one, the views are asked. */
function noticeRecord(truth: Truth, record: Fields): Statement {
  const { kind, level } = record as { kind: string; level: number };
  const of = { ...scopeOf(record), start: startOf(record) };
  const limit = value(record, 'limit');
  const isRight = kind === 'UPGRADE_INVITATION' && wasReached(truth, { ...of, limit });
  return { about: subjectInWords({ ...of, kind, level }), says: { limit: isRight ? 'reached' : limit } };
}

function overageRecord(record: Fields): Statement {
  const { kind, stepPercent, limit, used } = record as {
    kind: string;
    stepPercent: number;
    limit: number;
    used: number;
  };
  return overageStatement({ ...scopeOf(record), start: startOf(record), kind, stepPercent, limit, used });
}

/** An event when it is applied, until the end of its window then, and another when it is lifted. */
function measureEvents(measure: Truth['measures'][number]): Statement[] {
  const { effectiveFrom, effectiveUntil, status, limit, end } = measure;
  const about = (state: string): string => `${scopeInWords(measure)}, ${measure.kind} ${state}`;
  const applied = { about: about('APPLIED'), says: { limit, effectiveFrom, effectiveUntil: end } };
  if (status === 'APPLIED') return [applied];
  // The limit that stands when a measure is lifted is another one, or none.
  return [applied, { about: about('LIFTED'), says: { effectiveFrom, effectiveUntil } }];
}

function measureRecord(record: Fields): Statement {
  const { kind, status } = record as { kind: string; status: string };
  const about = `${scopeInWords({ ...scopeOf(record), start: startOf(record) })}, ${kind} ${status}`;
  const fields = ['effectiveFrom', 'effectiveUntil', ...(status === 'APPLIED' ? ['limit'] : [])];
  return { about, says: Object.fromEntries(fields.map((field) => [field, value(record, field)])) };
}
