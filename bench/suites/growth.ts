import { short } from '../lib/numbers.js';
import type { Session } from '../lib/session.js';
import { CHATS } from '../lib/topic.js';
import { growth as run } from '../runs/growth.js';
import { engineUnder } from './lowLimit.js';

const ROLES = ['processor', 'relay', 'mailer', 'scheduler'];
const ACCOUNTS = 1_000;
/** Low enough that some accounts reach it every month: evidence is kept longest. */
const LIMIT = 100;

/** Whether the database stops growing at a constant rate, once what it keeps has its age. */
export async function growth(
  session: Session,
  { months, perMonth }: { readonly months: number; readonly perMonth: number },
): Promise<void> {
  const { bench } = session;
  const engine = { ...(await engineUnder(session, LIMIT)), roles: ROLES };
  session.spoilt();
  await bench.emptyTopics([CHATS]);
  bench.migrate(engine.base, engine.env);
  const what = `${months} months of ${short(perMonth)} events`;
  const settings = { months, perMonth, accounts: ACCOUNTS };
  session.recorder.take(await run(bench, what, engine, settings));
}
