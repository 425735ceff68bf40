import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineOptions } from '../lib/counting.js';
import type { Session } from '../lib/session.js';

const POLICY = 'policy/fair-use-2021-10-19.yaml';

/**
 * The engine under the shipped policy but for a low limit of chats per hour, so that much is reached, on a database that
 * was made under it.
 */
export async function engineUnder(session: Session, limit: number): Promise<EngineOptions> {
  const { bench } = session;
  const known = await session.engine();
  const policy = join(bench.folder, `policy-${limit}.yaml`);
  writeFileSync(policy, readFileSync(POLICY, 'utf8').replace('limit: 2000\n', `limit: ${limit}\n`));
  const env = { POLICY_FILE: policy };
  const base = `limit_${limit}`;
  await bench.databases.create(base);
  bench.migrate(base, env);
  await bench.learnAccounts(base, env);
  return { ...known, base, env };
}
