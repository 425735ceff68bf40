import type { AccountSnapshot } from '../records.js';
import type { NoticeName, RecountOptions, Truth } from '../truth/types.js';
import { differences, scopeInWords, scopeKey, type Statement } from './differences.js';
import { limitNamed } from './limitNamed.js';
import type { Views } from './views.js';

type Told = Views['notifications'][number];
type Due = Truth['notices'][number] | Truth['invitations'][number];
type Subject = Pick<NoticeName, 'accountId' | 'workspaceId' | 'start'> & {
  kind: string;
  rule: string;
  level: number | null;
};

const TEN_MINUTES = 600_000;
const KINDS = ['THRESHOLD_WARNING', 'UPGRADE_INVITATION'];

/** What a notice is about: a level of a scope's window; invitations, a month of an account. */
export function subjectInWords(notice: Subject): string {
  if (notice.kind === 'UPGRADE_INVITATION') {
    return scopeInWords({ ...notice, rule: 'invitation to upgrade', workspaceId: null });
  }
  return `${scopeInWords(notice)}, ${String(notice.level)} %`;
}

function subjectKey(notice: Subject): string {
  if (notice.kind !== 'UPGRADE_INVITATION') return `${scopeKey(notice)}|${String(notice.level)}`;
  return scopeKey({ ...notice, rule: notice.kind, workspaceId: null });
}

/** The engine's warnings and invitations, findable by the names that the truth gives them. */
export class Notices {
  private readonly bySubject = new Map<string, Told[]>();

  constructor(private readonly views: Views) {
    const notices = views.notifications.filter(({ kind }) => KINDS.includes(kind));
    for (const notice of notices.sort((one, other) => one.createdAt - other.createdAt)) {
      const about = subjectKey(notice);
      this.bySubject.set(about, [...(this.bySubject.get(about) ?? []), notice]);
    }
  }

  find(name: NoticeName): Told | undefined {
    return this.bySubject.get(subjectKey(name))?.[name.ordinal];
  }

  all(): Told[] {
    return [...this.bySubject.values()].flat();
  }

  /** What the recount has to be told: when the engine acted. What it decided is not taken from it. */
  times(): Required<Pick<RecountOptions, 'sentAt' | 'failedAt' | 'createdAt'>> {
    return {
      createdAt: (name) => this.find(name)?.createdAt ?? null,
      sentAt: (name) => {
        const notice = this.find(name);
        const sent = this.views.deliveries.filter(({ notificationId }) => notificationId === notice?.id);
        // What may have been sent is not taken back either; nobody knows when it was.
        if (notice !== undefined && sent.some(({ status }) => status === 'UNKNOWN')) return notice.createdAt;
        const times = sent.flatMap(({ sentAt }) => (sentAt === null ? [] : [sentAt]));
        return times.length === 0 ? null : Math.min(...times);
      },
      failedAt: (name) => {
        const notice = this.find(name);
        return notice?.status === 'FAILED' ? notice.createdAt : null;
      },
    };
  }
}

/** What the engine made of a notice that is to be mailed, in the truth's terms. */
function outcome(told: Told, due: Due | undefined): Statement['says'] {
  const { status, reason } = told;
  if (status === 'SENT' || status === 'UNKNOWN' || status === 'PENDING')
    return { status: 'DUE', reason: null };
  // The window may end between the making of a notice and its first attempt.
  const grace = due?.windowKind === 'hour' ? 86_400_000 : 0;
  const endedMeanwhile =
    reason === 'window-ended' && due !== undefined && due.end + grace - due.createdAt < TEN_MINUTES;
  if (status === 'SUPPRESSED' && endedMeanwhile && due.status === 'DUE') {
    return { status: 'DUE', reason: null };
  }
  return { status, reason: status === 'SUPPRESSED' ? reason : null };
}

const nameOf = ({ kind, rule, workspaceId }: Subject) =>
  kind === 'UPGRADE_INVITATION' ? { rule, workspaceId } : {};

/** Threshold warnings and invitations: the truth's decisions against the engine's. */
export function compareNotices(truth: Truth, notices: Notices): string[] {
  const due: Due[] = [...truth.notices, ...truth.invitations];
  const dueOf = new Map(due.map((notice) => [notices.find(notice), notice]));
  const named = (told: Told, of: Due | undefined) =>
    nameOf(of === undefined ? told : { ...told, ...limitNamed(truth, of, told) });
  return differences(
    'notice',
    due.map((notice) => ({
      about: subjectInWords(notice),
      says: { status: notice.status, reason: notice.reason, ...nameOf(notice) },
    })),
    notices.all().map((told) => ({
      about: subjectInWords(told),
      says: { ...outcome(told, dueOf.get(told)), ...named(told, dueOf.get(told)) },
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

/** Deliveries: one for each recipient of each notice that was to be mailed. */
export function compareDeliveries(views: Views, accounts: Map<string, AccountSnapshot>): string[] {
  const mailed = views.notifications.filter(({ status }) => ['SENT', 'UNKNOWN', 'FAILED'].includes(status));
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
