import { readConfig } from '../config/environment.js';
import { loadPolicy } from '../config/policyFiles.js';
import { closeReported, recordResale } from '../roles/reportedViolations.js';
import { createClock } from '../support/clock.js';
import { eventId } from '../support/eventId.js';
import { ExpectedError } from '../support/expectedError.js';
import { withDatabase } from './withDatabase.js';

/** `--account`, `--detail` and `--workspace` as given. */
export interface ReportOptions {
  readonly account: string;
  readonly detail: string;
  readonly workspace?: string;
}

/** Records a resale that an operator saw and prints the violation's id, alone. */
export async function reportViolation(
  { account, detail, workspace }: ReportOptions,
  env: NodeJS.ProcessEnv,
  stdout: NodeJS.WritableStream,
): Promise<void> {
  if (detail.trim() === '') throw new ExpectedError('--detail is empty: say what was seen');
  const config = readConfig(env, ['database']);
  const policy = loadPolicy(config.policyPath);
  const now = createClock(config.clockStart ?? undefined).now();
  const report = { workspaceId: workspace ?? '', detail };
  const outcome = await withDatabase(config.databaseUrl, (pool) =>
    recordResale(pool, account, report, { policy, now, id: eventId }),
  );
  if (outcome.kind === 'allowed') {
    throw new ExpectedError(
      `the policy in force has no condition no-resale for the plan of account ${account}`,
    );
  }
  if (outcome.kind === 'open') {
    throw new ExpectedError(`this is reported already and still open: violation ${outcome.violationId}`);
  }
  stdout.write(`${outcome.violationId}\n`);
}

/** Closes a violation that an operator reported. */
export async function closeViolation(
  { account, id }: { readonly account: string; readonly id: string },
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const config = readConfig(env, ['database']);
  const now = createClock(config.clockStart ?? undefined).now();
  await withDatabase(config.databaseUrl, (pool) => closeReported(pool, account, id, now));
}
