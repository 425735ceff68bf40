import { OUTPUT_TOPICS } from '../../src/kafka/topics.js';
import { publishAtRate } from '../lib/openLoop.js';
import type { Session } from '../lib/session.js';
import { CHATS, WORKLOAD_ACCOUNTS } from '../lib/topic.js';
import { chats } from '../lib/workload.js';
import { engineUnder } from './lowLimit.js';
import { latency } from '../runs/latency.js';
import { peerLatency } from '../runs/peer.js';

const ROLES = ['processor', 'relay', 'mailer'];

export interface LatencyOptions {
  readonly rate: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Chats per hour: low, so that enough violations fall into the time that is measured. */
  readonly limit: number;
}

/** How long an event takes to the violation and the mail it causes, at a steady rate. */
export async function latencies(session: Session, options: LatencyOptions): Promise<void> {
  const { bench, from } = session;
  const { rate: perSecond, warmUpSeconds, seconds, limit } = options;
  const engine = { ...(await engineUnder(session, limit)), roles: ROLES };
  const schemaId = await bench.schemaId(CHATS);
  const workload = { seed: 42, from, topic: CHATS, schemaId };
  const what = `${perSecond} events/s`;
  const ours = async () => {
    await bench.emptyTopics([CHATS, ...OUTPUT_TOPICS]);
    await bench.createWithProducerTime(CHATS);
    bench.migrate(engine.base, engine.env);
    const publish = (events: number): Promise<number> =>
      session.peer === null
        ? publishAtRate(
            bench.kafka,
            CHATS,
            { schemaId, perSecond },
            chats({ events, accounts: WORKLOAD_ACCOUNTS.names.length, seed: 42, from }),
          )
        : session.peer.publishAtRate({ ...workload, events, rate: perSecond });
    return latency(bench, what, engine, { perSecond, warmUpSeconds, seconds, limit, from, publish });
  };
  session.spoilt();
  await session.inTurn(ours, (peer) => peerLatency(peer, what, { ...workload, events: 0 }));
  session.spoilt();
}
