import type { LogBounds } from '../../kafka/consumer/logBounds.js';
import type { InputTopic } from '../../kafka/topics.js';
import { ExpectedError } from '../../support/expectedError.js';

/** Input of a partition that was not counted and is not there any more. */
export interface Loss {
  readonly topic: InputTopic;
  readonly partition: number;
  /** `deleted`: retention was faster than counting. `replaced`: the log is another one than was counted. */
  readonly kind: 'deleted' | 'replaced';
  /** The first offset that was not counted. */
  readonly from: number;
  /** The last offset that is gone; null: nobody can tell how far the former log went. */
  readonly to: number | null;
  /** Where counting can go on: the first record there is. */
  readonly resumeAt: number;
  /** What shows it, in words. */
  readonly evidence: string;
}

/** What the bounds of a log say about input counted up to `counted`; null: it is all there. */
export function lossByBounds({ topic, partition, low, high }: LogBounds, counted: number): Loss | null {
  const where = { topic, partition, from: counted, resumeAt: low };
  if (low > counted) {
    const evidence = `offsets ${counted} to ${low - 1} were deleted by retention before they were counted`;
    return { ...where, kind: 'deleted', to: low - 1, evidence };
  }
  if (high < counted) {
    const evidence = `counted up to offset ${counted}, but the log ends at ${high}: the topic was recreated or truncated`;
    return { ...where, kind: 'replaced', to: null, evidence };
  }
  return null;
}

/** The record before `counted` is another one than was counted. */
export function lossByDigest({ topic, partition, low }: Omit<LogBounds, 'high'>, counted: number): Loss {
  const evidence = `the record at offset ${counted - 1} is not the one that was counted: the topic was recreated`;
  return { topic, partition, kind: 'replaced', from: counted, to: null, resumeAt: low, evidence };
}

/** The command by which a person gives up what is lost of a partition. */
export function acceptCommand({ topic, partition }: Pick<Loss, 'topic' | 'partition'>): string {
  return `node dist/main.js input accept-loss --topic ${topic} --partition ${partition} --reason TEXT --by NAME`;
}

/** The input is not the one that was counted so far; going on would skip or double events. A person must decide. */
export class InputLost extends ExpectedError {
  override readonly name = 'InputLost';

  constructor(readonly losses: readonly [Loss, ...Loss[]]) {
    const [first, ...others] = losses;
    const more = others.length === 0 ? '' : ` (${others.length} more: node dist/main.js input status)`;
    super(
      `${first.topic} partition ${first.partition}: ${first.evidence}${more}. ` +
        `To give up what is missing and go on: ${acceptCommand(first)}`,
    );
  }
}
