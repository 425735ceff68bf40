import type { AccountSnapshot } from '../records.js';
import { conditionsOf, type Plan } from './plans.js';
import type { BrokenCondition, ConditionRule } from './types.js';

type Found = Pick<BrokenCondition, 'rule' | 'fact' | 'workspaceId'>;

const SERVES_OTHERS = ['AGENCY', 'RESELLER', 'OUTSOURCER'];

/** Trimmed and without case, as companies are compared (contract §5). */
const plain = (text: string | null): string => (text ?? '').trim().toLowerCase();

/** The facts that break conditions of plans and deals, each from the snapshot that brought it to the one that ended it. */
export class Conditions {
  readonly all: BrokenCondition[] = [];
  /** Who held an account when it began to be not transferable. */
  private readonly holders = new Map<string, string>();

  /** Compares what stands with what a snapshot says under a plan; `at`: when the snapshot or the plan became so. */
  judge(snapshot: AccountSnapshot, plan: Plan, at: number): void {
    const { accountId } = snapshot;
    const found = this.factsOf(snapshot, plan);
    const standing = this.all.filter((one) => one.accountId === accountId && one.closedAt === null);
    const isSame = (one: Found, other: Found) => one.rule === other.rule && one.fact === other.fact;
    for (const one of standing) {
      if (!found.some((fact) => isSame(fact, one))) one.closedAt = at;
    }
    for (const fact of found.filter((one) => !standing.some((other) => isSame(other, one)))) {
      this.all.push({ accountId, ...fact, occurredAt: at, closedAt: null });
    }
  }

  private factsOf(snapshot: AccountSnapshot, plan: Plan): Found[] {
    const { accountId, ownerId, customerType, workspaces } = snapshot;
    const conditions = conditionsOf(plan, snapshot.isDeal);
    const about = (rule: ConditionRule, fact: string, workspaceId: string | null = null): Found[] =>
      conditions.includes(rule) ? [{ rule, fact, workspaceId }] : [];

    if (!conditions.includes('not-transferable')) this.holders.delete(accountId);
    else if (!this.holders.has(accountId)) this.holders.set(accountId, ownerId);
    const holder = this.holders.get(accountId) ?? ownerId;

    const own = plain(snapshot.company);
    const websites = workspaces.flatMap(({ workspaceId, websites: sites }) =>
      sites
        .filter(({ company }) => own !== '' && plain(company) !== '' && plain(company) !== own)
        .flatMap(({ domain }) => about('own-websites', `${workspaceId} ${plain(domain)}`, workspaceId)),
    );
    return [
      ...(new Set(workspaces.map(({ workspaceId }) => workspaceId)).size > 1
        ? about('one-workspace', 'more than one')
        : []),
      ...websites.filter(({ fact }, index) => websites.findIndex((one) => one.fact === fact) === index),
      ...(holder === ownerId ? [] : about('not-transferable', ownerId)),
      ...(SERVES_OTHERS.includes(customerType) ? about('eligible-customer', customerType) : []),
    ];
  }
}
