import { catalogueFor, type Catalogue } from './catalogue.js';
import { formatsFor, type Formats } from './formats.js';
import { plainName } from './names.js';
import type { MailInput } from './notice.js';

/** What the parts of a mail are made from. */
export interface Context extends MailInput {
  readonly catalogue: Catalogue;
  readonly formats: Formats;
  /** The company or the workspace. */
  readonly object: string;
  readonly limitName: string;
  /** An amount of what the rule counts, with its unit. */
  readonly amount: (value: number) => string;
}

/** The notice with everything that depends on the recipient's language and the account's zone. */
export function contextOf(input: MailInput): Context {
  const { notice, account } = input;
  const catalogue = catalogueFor(input.to.locale);
  const formats = formatsFor(catalogue, account.timeZone);
  const amountKey = `rule.${notice.rule}.amount`;
  return {
    ...input,
    catalogue,
    formats,
    object: objectOf(input, catalogue),
    limitName: catalogue.text(`rule.${notice.rule}`),
    amount: (value) => {
      const figure = notice.metric === 'upload_bytes' ? formats.bytes(value) : formats.number(value);
      return catalogue.has(amountKey) ? catalogue.text(amountKey, { amount: figure }) : figure;
    },
  };
}

/** The account's company or, lacking one, its id. */
export function accountName({ account }: MailInput, catalogue: Catalogue): string {
  const company = plainName(account.company ?? '');
  return company === '' ? catalogue.text('account.unnamed', { id: plainName(account.accountId) }) : company;
}

function objectOf(input: MailInput, catalogue: Catalogue): string {
  const { workspaceId } = input.notice;
  const workspace = input.account.workspaces.find((candidate) => candidate.workspaceId === workspaceId);
  const name = plainName(workspace?.name ?? workspaceId ?? '');
  return name === '' ? accountName(input, catalogue) : name;
}

/** Levels below the limit are warnings ahead of it; from the limit on nothing is said to be ahead. */
export function levelOf({ notice }: MailInput): '80' | '100' {
  const { level, used, limit } = notice;
  const surpassed = used !== null && limit !== null && used >= limit;
  return level === 80 && !surpassed ? '80' : '100';
}

/** The text of a key that not every kind of notice has. */
export function optional(catalogue: Catalogue, key: string): string | null {
  return catalogue.has(key) ? catalogue.text(key) : null;
}
