import type { NoticeKind } from '../../domain/judging/ledger.js';
import type { WindowKind } from '../../domain/windows/window.js';

/** What is said in a mail: the notification (contract §4) and whose it is. Times in epoch milliseconds. */
export interface MailNotice {
  readonly notificationId: string;
  readonly kind: NoticeKind;
  readonly rule: string;
  readonly workspaceId: string | null;
  readonly policyVersion: string;
  readonly metric: string | null;
  readonly windowKind: WindowKind | null;
  readonly windowStart: number | null;
  readonly windowEnd: number | null;
  /** The figure at the crossing. */
  readonly used: number | null;
  readonly limit: number | null;
  readonly level: number | null;
  readonly occurredAt: number;
}

interface MailAccount {
  readonly accountId: string;
  readonly company: string | null;
  readonly timeZone: string;
  readonly workspaces: readonly { readonly workspaceId: string; readonly name: string }[];
}

export interface MailRecipient {
  readonly name: string;
  readonly address: string;
  /** BCP 47. */
  readonly locale: string;
}

export interface MailInput {
  readonly notice: MailNotice;
  readonly account: MailAccount;
  readonly to: MailRecipient;
  /** The other recipients of the notice. */
  readonly others: readonly MailRecipient[];
}
