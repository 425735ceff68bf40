import { planTable, SHIPPED, type Plan } from './plans.js';
import type { LaterVersion } from './types.js';

/** A version of the policy: what it says of each plan, and of files. */
export interface Version {
  /** In force from here (epoch ms). */
  from: number;
  planOf: (plan: string) => Plan;
  /** In bytes. */
  largestFile: number;
}

/** The versions of the policy, one after the other. */
export class Policies {
  private readonly versions: readonly Version[];

  constructor(uploadBytesPerYear: number, later: readonly LaterVersion[]) {
    const all = [{ from: -Infinity }, ...later];
    this.versions = all.map(({ from, ...figures }) => {
      const complete = { ...SHIPPED, uploadBytesPerYear, ...figures };
      return { from, planOf: planTable(complete), largestFile: complete.largestFile };
    });
  }

  /** The version in force at an instant. */
  at(instant: number): Version {
    const version = this.versions.findLast(({ from }) => from <= instant);
    if (version === undefined) throw new RangeError('no policy for this time');
    return version;
  }

  /** Those that came into force after `version`, up to an instant. */
  after(version: Version, until: number): Version[] {
    return this.versions.filter(({ from }) => from > version.from && from <= until);
  }
}
