import type { AccountSnapshot } from '../records.js';
import type { NoticeName, RecountOptions, Truth } from '../truth/types.js';
import { differences, scopeInWords, type Statement } from './differences.js';
import type { Views } from './views.js';

type Warning = Views['notifications'][number];

const TEN_MINUTES = 600_000;

const subject = (
  row: Omit<NoticeName, 'ordinal' | 'createdAt' | 'level'> & { level: number | null },
): string => `${scopeInWords(row)}, ${String(row.level)} %`;

/** The engine's threshold warnings, findable by the names that the truth gives them. */
export class Warnings {
  private readonly bySubject = new Map<string, Warning[]>();

  constructor(private readonly views: Views) {
    const warnings = views.notifications.filter(({ kind }) => kind === 'THRESHOLD_WARNING');
    for (const warning of warnings.sort((one, other) => one.createdAt - other.createdAt)) {
      const about = subject(warning as Warning & NoticeName);
      this.bySubject.set(about, [...(this.bySubject.get(about) ?? []), warning]);
    }
  }

  find(name: NoticeName): Warning | undefined {
    return this.bySubject.get(subject(name))?.[name.ordinal];
  }

  all(): Warning[] {
    return [...this.bySubject.values()].flat();
  }

  /** What the recount has to be told: when the engine acted. What it decided is not taken from it. */
  times(): Required<Pick<RecountOptions, 'sentAt' | 'failedAt' | 'createdAt'>> {
    return {
      createdAt: (name) => this.find(name)?.createdAt ?? null,
      sentAt: (name) => {
        const warning = this.find(name);
        const sent = this.views.deliveries.filter(({ notificationId }) => notificationId === warning?.id);
        const times = sent.flatMap(({ sentAt }) => (sentAt === null ? [] : [sentAt]));
        return times.length === 0 ? null : Math.min(...times);
      },
      failedAt: (name) => {
        const warning = this.find(name);
        return warning?.status === 'FAILED' ? warning.createdAt : null;
      },
    };
  }
}

/** What the engine made of a notice that is to be mailed, in the truth's terms. */
function outcome(warning: Warning, notice: Truth['notices'][number] | undefined): Statement['says'] {
  const { status, reason } = warning;
  if (status === 'SENT' || status === 'UNKNOWN' || status === 'PENDING')
    return { status: 'DUE', reason: null };
  // The window may end between the making of a notice and its first attempt.
  const grace = notice?.windowKind === 'hour' ? 86_400_000 : 0;
  const endedMeanwhile =
    reason === 'window-ended' && notice !== undefined && notice.end + grace - notice.createdAt < TEN_MINUTES;
  if (status === 'SUPPRESSED' && endedMeanwhile && notice.status === 'DUE') {
    return { status: 'DUE', reason: null };
  }
  return { status, reason: status === 'SUPPRESSED' ? reason : null };
}

/** Threshold warnings: the truth's decisions against the engine's. */
export function compareNotices(truth: Truth, warnings: Warnings): string[] {
  const noticeOf = new Map(truth.notices.map((notice) => [warnings.find(notice), notice]));
  return differences(
    'warning',
    truth.notices.map((notice) => ({
      about: subject(notice),
      says: { status: notice.status, reason: notice.reason },
    })),
    warnings.all().map((warning) => ({
      about: subject(warning as Warning & NoticeName),
      says: outcome(warning, noticeOf.get(warning)),
    })),
  );
}

/** Whom a notice of an account is mailed to (contract §6), addresses in lower case. */
export function recipientsOf(account: AccountSnapshot | undefined): string[] {
  const told = (account?.contacts ?? []).filter(({ notify }) => notify);
  const leads = told.filter(({ role }) => role === 'OWNER' || role === 'ADMIN');
  const chosen = leads.length > 0 ? leads : told;
  return [...new Set(chosen.map(({ email }) => email.toLowerCase()))];
}

/** Deliveries: one for each recipient of each warning that was to be mailed. */
export function compareDeliveries(
  warnings: Warnings,
  views: Views,
  accounts: Map<string, AccountSnapshot>,
): string[] {
  const mailed = warnings.all().filter(({ status }) => ['SENT', 'UNKNOWN', 'FAILED'].includes(status));
  const ids = new Set(mailed.map(({ id }) => id));
  return differences(
    'delivery',
    mailed.flatMap(({ id, accountId }) =>
      recipientsOf(accounts.get(accountId)).map((recipient) => ({
        about: `${id} to ${recipient}`,
        says: {},
      })),
    ),
    views.deliveries
      .filter(({ notificationId }) => ids.has(notificationId))
      .map(({ notificationId, recipient }) => ({ about: `${notificationId} to ${recipient}`, says: {} })),
  );
}
