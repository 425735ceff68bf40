import type pg from 'pg';
import { policyAt, type Policy } from '../../domain/policy/policy.js';
import { countAccountProblems, unknownPlans } from '../../postgres/accountProblems.js';
import type { Log } from '../../support/log.js';
import type { Metrics } from '../../support/metrics.js';

/** Shows operators what is wrong with accounts: in the metrics as long as it is, in the log when a plan is new. */
export class AccountProblems {
  private readonly said = new Set<string>();

  constructor(
    private readonly pool: pg.Pool,
    private readonly policy: Policy,
    private readonly log: Log,
    private readonly metrics: Metrics,
  ) {}

  /** Counts anew; `now` (epoch ms) says which policy version names the plans. */
  async show(now: number): Promise<void> {
    const { accountProblems, accountsOfUnknownPlans } = this.metrics;
    const fields = await countAccountProblems(this.pool);
    const { version, plans } = policyAt(this.policy, now);
    const unknown = await unknownPlans(this.pool, [...plans.keys()]);
    accountProblems.reset();
    accountsOfUnknownPlans.reset();
    for (const { field, accounts } of fields) accountProblems.set({ field }, accounts);
    for (const { plan, accounts } of unknown) {
      accountsOfUnknownPlans.set({ plan }, accounts);
      if (this.said.has(plan)) continue;
      this.said.add(plan);
      this.log.warn(
        { plan, accounts, policyVersion: version },
        'the policy does not name this plan: its accounts are judged by the rules that all plans have',
      );
    }
  }
}
