import { readConfig } from '../config/environment.js';
import { loadPolicy } from '../config/policyFiles.js';
import { bytes, count } from '../config/policyValues.js';
import type { Allowance, AllowedRule } from '../domain/accounts/allowance.js';
import type { Context } from '../domain/judging/context.js';
import { allowancesOf, grant, withdraw } from '../roles/allowances.js';
import { createClock } from '../support/clock.js';
import { eventId } from '../support/eventId.js';
import { ExpectedError } from '../support/expectedError.js';
import type { Io } from './io.js';
import { withDatabase } from './withDatabase.js';

/** What `allowance grant` was given; times in epoch milliseconds. */
export interface GrantOptions {
  readonly account: string;
  readonly rule: AllowedRule;
  readonly extra: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

type Output = Pick<Io, 'env' | 'stdout' | 'stderr'>;

/** Grants an allowance and prints its id, alone. */
export async function grantAllowance(options: GrantOptions, { env, stdout, stderr }: Output): Promise<void> {
  const { account, rule, from, to, reason } = options;
  const problems: string[] = [];
  const extra = amountOf(rule, options.extra);
  if (typeof extra === 'string') problems.push(`--extra: ${extra}`);
  if (from >= to) problems.push('--to: must be later than --from');
  if (reason.trim() === '') problems.push('--reason is empty: say what was agreed, and with whom');
  if (problems.length > 0) throw new ExpectedError(problems.join('\n'));
  const request = { rule, extra: Number(extra), from, to, reason: reason.trim() };
  const outcome = await withEngine(env, (pool, context) => grant(pool, account, request, context));
  if (outcome.kind === 'stands') {
    throw new ExpectedError(`the same was granted already and stands: allowance ${outcome.id}`);
  }
  if (outcome.kind === 'past') {
    throw new ExpectedError('it would change nothing: every window that it overlaps has ended');
  }
  if (!outcome.limited) {
    stderr.write(
      `note: the plan of account ${account} has no limit of ${rule}; it takes effect when one has\n`,
    );
  }
  stdout.write(`${outcome.allowance.id}\n`);
}

/** Takes an allowance back. */
export async function withdrawAllowance(
  { account, id }: { readonly account: string; readonly id: string },
  { env }: Output,
): Promise<void> {
  const outcome = await withEngine(env, (pool, context) => withdraw(pool, account, id, context));
  if (outcome.kind === 'unknown') throw new ExpectedError(`account ${account} has no allowance ${id}`);
  if (outcome.kind === 'before') {
    throw new ExpectedError(
      `allowance ${id} is withdrawn already, since ${new Date(outcome.at).toISOString()}`,
    );
  }
}

/** Prints the allowances of an account, one a line, oldest first. */
export async function listAllowances(
  { account }: { readonly account: string },
  { env, stdout }: Output,
): Promise<void> {
  const allowances = await withEngine(env, (pool) => allowancesOf(pool, account));
  for (const allowance of allowances) stdout.write(`${lineOf(allowance)}\n`);
}

function lineOf({ id, rule, extra, from, to, reason, withdrawnAt }: Allowance): string {
  const [begins, ends] = [from, to].map((at) => new Date(at).toISOString());
  const state = withdrawnAt === null ? 'stands' : `withdrawn ${new Date(withdrawnAt).toISOString()}`;
  return [id, rule, `+${extra}`, begins, ends, state, reason].join('\t');
}

/** The amount, or why it is none. */
function amountOf(rule: AllowedRule, text: string): number | string {
  const inBytes = rule === 'file-size' || rule === 'upload-bytes-per-year';
  const parsed = (inBytes ? bytes : count).safeParse(/^\d+$/.test(text) ? Number(text) : text);
  if (!parsed.success) return parsed.error.issues[0]?.message ?? 'cannot be read';
  return parsed.data.kind === 'limited'
    ? parsed.data.amount
    : 'must be a number: change the plan for no limit at all';
}

async function withEngine<T>(
  env: NodeJS.ProcessEnv,
  work: (pool: Parameters<typeof grant>[0], context: Context) => Promise<T>,
): Promise<T> {
  const config = readConfig(env, ['database']);
  const policy = loadPolicy(config.policyPath);
  const now = createClock(config.clockStart ?? undefined).now();
  return withDatabase(config.databaseUrl, (pool) => work(pool, { policy, now, id: eventId }));
}
