import { mailbox } from '../notices/delivery/mailbox.js';

export type AccountStatus = 'ACTIVE' | 'SUSPENDED' | 'CLOSED' | 'UNKNOWN';

export interface Contact {
  readonly name: string;
  readonly email: string;
  readonly role: 'OWNER' | 'ADMIN' | 'BILLING' | 'OTHER' | 'UNKNOWN';
  readonly locale: string | null;
  readonly notify: boolean;
}

export interface Workspace {
  readonly workspaceId: string;
  readonly name: string;
  readonly websites: readonly { readonly domain: string; readonly company: string | null }[];
}

/** An account as the platform describes it (contract §2, `AccountSnapshot`); times in epoch ms. */
export interface AccountSnapshot {
  readonly accountId: string;
  readonly revision: number;
  readonly updatedAt: number;
  readonly status: AccountStatus;
  readonly plan: string;
  readonly isDeal: boolean;
  readonly customerType: string;
  readonly ownerId: string;
  readonly company: string | null;
  readonly locale: string;
  readonly timeZone: string;
  readonly billingAnchorDay: number | null;
  readonly contacts: readonly Contact[];
  readonly workspaces: readonly Workspace[];
}

/** A field of a snapshot that made no sense, and what stands in for it. */
export interface SnapshotProblem {
  readonly field: string;
  readonly problem: string;
}

const MAX_SHOWN = 254;

/**
 * Takes a snapshot as far as it makes sense: an impossible zone becomes UTC, an impossible anchor none, a workspace
 * named twice counts once; a contact without a proper address stays, and is never mailed (contract §6). What was wrong is
 * returned as problems for operators; nothing here throws.
 */
export function soundSnapshot(
  raw: AccountSnapshot,
  isValidZone: (zone: string) => boolean,
): { snapshot: AccountSnapshot; problems: SnapshotProblem[] } {
  const problems: SnapshotProblem[] = [];
  let { timeZone, billingAnchorDay } = raw;
  if (!isValidZone(timeZone)) {
    problems.push({
      field: 'timeZone',
      problem: `unknown time zone ${JSON.stringify(timeZone)}, taken as UTC`,
    });
    timeZone = 'UTC';
  }
  if (billingAnchorDay !== null && (billingAnchorDay < 1 || billingAnchorDay > 31)) {
    problems.push({
      field: 'billingAnchorDay',
      problem: `${billingAnchorDay} is no day of a month, taken as none`,
    });
    billingAnchorDay = null;
  }
  const ids = raw.workspaces.map(({ workspaceId }) => workspaceId);
  const workspaces = raw.workspaces.filter(({ workspaceId }, n) => ids.indexOf(workspaceId) === n);
  if (workspaces.length < raw.workspaces.length) {
    problems.push({
      field: 'workspaces',
      problem: 'a workspace is named more than once, its first entry counts',
    });
  }
  const [unmailable, ...others] = raw.contacts.filter(({ email }) => mailbox(email) === null);
  if (unmailable !== undefined) {
    const shown = JSON.stringify(unmailable.email.slice(0, MAX_SHOWN).toWellFormed());
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
    problems.push({ field: 'contacts', problem: `${shown} is no address${more}: never mailed` });
  }
  return { snapshot: { ...raw, timeZone, billingAnchorDay, workspaces }, problems };
}
