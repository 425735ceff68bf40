/** Null: the role has what it needs and moves. Otherwise what is missing, in words. */
export type Problem = string | null;

/** A loop of the engine, run by any number of processes. Outages are waited out inside; only bugs and lost input end it. */
export interface Role {
  readonly name: string;
  start(): Promise<void>;
  /** Ends with nothing lost: what was begun is finished or left to the next process. */
  stop(): Promise<void>;
  problem(): Problem;
}
