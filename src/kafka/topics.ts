/** The topics of the contract, their retention and how each is cleaned. */
export const INPUT_TOPICS = [
  'platform.accounts.v1',
  'platform.chats.v1',
  'platform.sessions.v1',
  'platform.tickets.v1',
  'platform.uploads.v1',
  'platform.replies.v1',
] as const;
export type InputTopic = (typeof INPUT_TOPICS)[number];

export const OUTPUT_TOPICS = [
  'fair-use.violations.v1',
  'fair-use.notifications.v1',
  'fair-use.overages.v1',
  'fair-use.measures.v1',
] as const;
export type OutputTopic = (typeof OUTPUT_TOPICS)[number];

export const DEAD_LETTER_TOPIC = 'fair-use.dead-letters.v1';

/** Every topic whose records are Avro under the subject `<topic>-value`. */
export const AVRO_TOPICS: readonly (InputTopic | OutputTopic)[] = [...INPUT_TOPICS, ...OUTPUT_TOPICS];

const DAY_MS = 86_400_000;

export interface TopicSpec {
  readonly topic: string;
  readonly config: Readonly<Record<string, string>>;
}

// A producer's clock must not decide what is kept, nor whether a record is taken: brokers refuse what is an hour ahead.
const STAMPED_ON_ARRIVAL = { 'message.timestamp.type': 'LogAppendTime' };

/**
 * What `migrate` creates where it is missing. All is kept 60 days and stamped by the broker on arrival; for input, lateness
 * is judged by that time.
 */
export function topicSpecs(): TopicSpec[] {
  const retention = String(60 * DAY_MS);
  const inputs = INPUT_TOPICS.map((topic) => ({
    topic,
    config:
      topic === 'platform.accounts.v1'
        ? {
            'cleanup.policy': 'compact',
            // A tombstone that compaction took away after a day would leave the account open for ever.
            'delete.retention.ms': retention,
            // The plan at a window's end is judged by, so snapshots in between must outlive an outage.
            'min.compaction.lag.ms': retention,
            ...STAMPED_ON_ARRIVAL,
          }
        : { 'retention.ms': retention, ...STAMPED_ON_ARRIVAL },
  }));
  const outputs = OUTPUT_TOPICS.map((topic) => ({
    topic,
    config: { 'retention.ms': retention, ...STAMPED_ON_ARRIVAL },
  }));
  // A dead letter is its input plus headers: the topic takes more than an input topic does.
  const deadLetters = {
    topic: DEAD_LETTER_TOPIC,
    config: {
      'retention.ms': retention,
      'max.message.bytes': String(2 * 1024 * 1024),
      ...STAMPED_ON_ARRIVAL,
    },
  };
  return [...inputs, ...outputs, deadLetters];
}
