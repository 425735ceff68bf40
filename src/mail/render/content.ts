import { contextOf, levelOf, optional, type Context } from './context.js';
import { truncate } from './names.js';
import type { MailInput } from './notice.js';
import { rowsOf, type Row } from './rows.js';
import { sectionsOf, type Section } from './sections.js';

const MAX_SUBJECT = 70;

/** Everything a mail says, as plain text: both parts of the message are templates over it. */
export interface Content {
  readonly lang: string;
  readonly dir: 'ltr' | 'rtl';
  readonly subject: string;
  readonly preheader: string;
  readonly lead: string;
  /** A reassuring second sentence, or null. */
  readonly calm: string | null;
  readonly bar: Bar | null;
  readonly rows: readonly Row[];
  readonly sections: readonly Section[];
  readonly sender: string;
}

interface Bar {
  /** 0 to 100, what is filled. */
  readonly filled: number;
  readonly label: string;
}

/** What a notice says to one recipient, in the recipient's language and the account's zone. */
export function contentOf(input: MailInput): Content {
  const context = contextOf(input);
  const { catalogue, notice } = context;
  return {
    lang: catalogue.lang,
    dir: catalogue.dir,
    subject: subjectOf(context),
    preheader: preheaderOf(context),
    lead: leadOf(context),
    calm: optional(catalogue, `calm.${notice.kind}.${levelOf(context)}`),
    bar: barOf(context),
    rows: rowsOf(context),
    sections: sectionsOf(context),
    sender: catalogue.text('sender'),
  };
}

function subjectOf(context: Context): string {
  const { catalogue, notice, limitName, object } = context;
  const head = catalogue.text(`subject.${notice.kind}`, { level: levelOf(context), limitName });
  return head + truncate(object, MAX_SUBJECT - head.length);
}

function preheaderOf(context: Context): string {
  const { catalogue, notice, formats, amount } = context;
  const own = optional(catalogue, `preheader.${notice.kind}`);
  if (own !== null) return own;
  if (notice.used === null || notice.limit === null || notice.windowEnd === null) return leadOf(context);
  return catalogue.text('preheader.used', {
    used: notice.metric === 'upload_bytes' ? formats.bytes(notice.used) : formats.number(notice.used),
    limit: amount(notice.limit),
    resets: formats.moment(notice.windowEnd),
  });
}

function leadOf(context: Context): string {
  const { catalogue, notice, object, limitName } = context;
  const byLevel = `lead.${notice.kind}.${levelOf(context)}`;
  const key = catalogue.has(byLevel) ? byLevel : `lead.${notice.kind}`;
  return catalogue.text(key, { object, limitName });
}

function barOf({ catalogue, formats, notice }: Context): Bar | null {
  const { kind, used, limit } = notice;
  if (kind === 'CORRECTION' || kind === 'MEASURE_NOTICE' || used === null || limit === null || limit <= 0)
    return null;
  const percent = Math.floor((used * 100) / limit);
  return {
    filled: Math.min(100, percent),
    label: catalogue.text('bar.label', { percent: formats.number(percent) }),
  };
}
