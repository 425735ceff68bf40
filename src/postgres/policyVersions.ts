import type { Policy } from '../domain/policy/policy.js';
import { timestamp } from './pool.js';
import type { Queryable } from './transaction.js';

/** Keeps every version that was ever in force here, by the hash of its contents: events name versions, people ask. */
export async function keepPolicyVersions(db: Queryable, policy: Policy): Promise<void> {
  for (const { hash, version, effectiveFrom, content } of policy.versions) {
    await db.query(
      `insert into policy_versions (hash, version, effective_from, content) values ($1, $2, $3, $4)
       on conflict do nothing`,
      [hash, version, timestamp(effectiveFrom), content],
    );
  }
}
