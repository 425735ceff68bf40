import { accountName, levelOf, optional, type Context } from './context.js';
import { plainName } from './names.js';
import type { MailRecipient } from './notice.js';

export interface Section {
  readonly title: string;
  readonly paragraphs: readonly string[];
}

const MAX_NAMED = 5;

/** What happens next, what to do, and why this mail was sent, in that order. */
export function sectionsOf(context: Context): Section[] {
  const { catalogue } = context;
  return [
    { title: catalogue.text('next.title'), paragraphs: [...nextOf(context), sourceOf(context)] },
    { title: catalogue.text('do.title'), paragraphs: actionsOf(context) },
    { title: catalogue.text('why.title'), paragraphs: reasonsOf(context) },
  ];
}

/** In the policy's own words: what the limit means for the customer, and what silence does. */
function nextOf(context: Context): string[] {
  const { catalogue, notice, formats } = context;
  if (notice.kind === 'UPGRADE_INVITATION') {
    const resets = formats.moment(notice.windowEnd ?? notice.occurredAt);
    return [catalogue.text('next.UPGRADE_INVITATION', { resets })];
  }
  if (notice.kind !== 'THRESHOLD_WARNING') return [catalogue.text(`next.${notice.kind}`)];
  const level = levelOf(context);
  const says = optional(catalogue, `next.${notice.rule}`) ?? catalogue.text('next.other');
  const silence = optional(catalogue, `silence.${notice.rule}`) ?? catalogue.text('silence.other');
  return [`${catalogue.text(`next.${level}`)} ${says}`, silence];
}

function sourceOf({ catalogue, notice }: Context): string {
  return catalogue.text('next.source', {
    version: plainName(notice.policyVersion),
    clause: catalogue.text(`rule.${notice.rule}.clause`),
  });
}

function actionsOf({ catalogue, notice }: Context): string[] {
  switch (notice.kind) {
    case 'THRESHOLD_WARNING':
      return [catalogue.text('do.reply'), catalogue.text('do.campaign')];
    case 'UPGRADE_INVITATION':
      return [catalogue.text('do.upgrade')];
    default:
      return [catalogue.text('do.reply')];
  }
}

function reasonsOf(context: Context): string[] {
  const { catalogue, others } = context;
  const reason = catalogue.text('why.reason', { account: accountName(context, catalogue) });
  if (others.length === 0) return [reason, catalogue.text('why.alone')];
  return [reason, catalogue.text('why.others', { others: namesOf(others, context) })];
}

function namesOf(others: readonly MailRecipient[], { catalogue, formats }: Context): string {
  const names = others.slice(0, MAX_NAMED).map(({ name, address }) => {
    const plain = plainName(name, 60);
    return plain === '' ? address : plain;
  });
  const rest = others.length - names.length;
  if (rest > 0) names.push(catalogue.text('list.more', { count: formats.number(rest) }));
  const last = names.pop() ?? '';
  return names.length === 0 ? last : catalogue.text('list.last', { first: names.join(', '), last });
}
