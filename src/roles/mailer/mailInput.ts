import type { AccountSnapshot } from '../../domain/accounts/snapshot.js';
import type { MailInput, MailNotice, MailRecipient } from '../../mail/render/notice.js';
import type { DeliveryRow } from '../../postgres/deliveries/ledger.js';
import type { NoticeRow } from '../../postgres/deliveries/notices.js';

/** What the mail to one recipient is rendered from. Recipients that cannot be mailed are not named to the others. */
export function mailInput(
  notice: NoticeRow,
  snapshot: AccountSnapshot | undefined,
  deliveries: readonly DeliveryRow[],
  recipientKey: string,
): MailInput {
  const told = deliveries.filter(
    (delivery) => delivery.status !== 'FAILED' || delivery.recipientKey === recipientKey,
  );
  const to = told.find((delivery) => delivery.recipientKey === recipientKey);
  if (to === undefined) throw new Error('the delivery to be rendered is gone');
  return {
    notice: noticeOf(notice),
    account: {
      accountId: notice.accountId,
      company: snapshot?.company ?? null,
      timeZone: snapshot?.timeZone ?? 'UTC',
      workspaces: snapshot?.workspaces ?? [],
    },
    to: recipientOf(to),
    others: told.filter((delivery) => delivery !== to).map(recipientOf),
  };
}

function noticeOf(notice: NoticeRow): MailNotice {
  const { record } = notice;
  return {
    notificationId: notice.notificationId,
    kind: notice.kind,
    rule: notice.rule,
    workspaceId: notice.workspaceId === '' ? null : notice.workspaceId,
    policyVersion: typeof record['policyVersion'] === 'string' ? record['policyVersion'] : '',
    metric: typeof record['metric'] === 'string' ? record['metric'] : null,
    windowKind: notice.windowKind,
    windowStart: notice.windowStart,
    windowEnd: notice.windowEnd,
    used: numberOf(record['used']),
    limit: notice.limit ?? numberOf(record['limit']),
    level: notice.level,
    occurredAt: numberOf(record['occurredAt']) ?? 0,
  };
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function recipientOf({ recipientName, recipient, locale }: DeliveryRow): MailRecipient {
  return { name: recipientName, address: recipient, locale };
}
