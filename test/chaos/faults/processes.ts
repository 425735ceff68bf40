import { FAILPOINTS } from '../../../src/support/failpoints.js';
import { INPUT_TOPICS } from '../../../src/kafka/topics.js';
import { GROUP } from '../checks/offsets.js';
import type { Fault, Target } from './fault.js';

const SESSION_TIMEOUT_MS = 10_000;

function someone({ fleet, random }: Target, role?: string): string | null {
  const names = fleet.names(role);
  return names.length === 0 ? null : random.pick(names);
}

const kill: Fault = {
  name: 'kill -9',
  weight: 5,
  group: 'process',
  run: async (target) => {
    const name = someone(target);
    if (name === null) return;
    target.say(`kill -9 ${name}`);
    await target.fleet.restart(name, 'SIGKILL');
  },
};

/** A process begins its next life with a failpoint armed: it dies, stalls or fails right there. */
const killAtFailpoint: Fault = {
  name: 'failpoint',
  weight: 6,
  group: 'process',
  run: async (target) => {
    const { fleet, random, say, pause } = target;
    const point = random.pick(FAILPOINTS.filter((one) => !/^(park|drop|close)\./.test(one)));
    const role = roleOf(point);
    const name = someone(target, role);
    if (name === null) return;
    const action = random.weighted(['kill', 'throw', 'stall:3000', 'stop'], (one) =>
      one === 'kill' ? 4 : 1,
    );
    const spec = `${point}=${action}@${random.between(1, 4)}`;
    say(`${name} restarts with ${spec}`);
    await fleet.restart(name, 'SIGKILL', { FAILPOINTS: spec });
    const armed = fleet.engine(name);
    await pause(action === 'stop' ? SESSION_TIMEOUT_MS + 4_000 : 1_000);
    // Whoever stopped itself goes on, long after its session is over.
    if (action === 'stop') armed?.signal('SIGCONT');
  },
};

function roleOf(point: string): string {
  if (point.startsWith('count.')) return 'processor';
  if (/^(relay|letters)\./.test(point)) return 'relay';
  return 'mailer';
}

const zombie: Fault = {
  name: 'zombie',
  weight: 2,
  group: 'process',
  run: async (target) => {
    const name = someone(target, 'processor');
    const engine = name === null ? null : target.fleet.engine(name);
    if (engine === null || name === null) return;
    target.say(`SIGSTOP ${name} beyond its session, then SIGCONT`);
    engine.signal('SIGSTOP');
    await target.pause(SESSION_TIMEOUT_MS + 2_000 + target.random.between(0, 3_000));
    engine.signal('SIGCONT');
  },
};

const terminate: Fault = {
  name: 'SIGTERM',
  weight: 2,
  group: 'process',
  run: async (target) => {
    const name = someone(target);
    if (name === null) return;
    target.say(`SIGTERM ${name}`);
    const began = performance.now();
    const engine = target.fleet.engine(name);
    const end = await target.fleet.restart(name, 'SIGTERM');
    // One that has hardly begun knows no signal yet; it has nothing to lose either.
    if (engine?.log().includes('"msg":"starting"') !== true) return;
    const took = Math.round(performance.now() - began);
    // Another fault may have killed it while it stopped.
    if (end !== null && end.code !== 0 && end.signal !== 'SIGKILL') {
      throw new Error(`${name} ended with ${String(end.signal ?? end.code)} after SIGTERM (${took} ms)`);
    }
  },
};

const clockStep: Fault = {
  name: 'clock step',
  weight: 1,
  group: 'process',
  run: async (target) => {
    const name = someone(target);
    if (name === null) return;
    const minutes = target.random.pick([-4, -1, 1, 4]);
    target.say(`${name} restarts with its clock ${minutes} minutes off`);
    const CLOCK_START = new Date(Date.now() + minutes * 60_000).toISOString();
    await target.fleet.restart(name, 'SIGTERM', { CLOCK_START });
  },
};

/** One, four, two, three processes: partitions go round. */
const rebalance: Fault = {
  name: 'rebalance',
  weight: 2,
  group: 'layout',
  run: async ({ fleet, random, say, pause }) => {
    for (const count of [1, 4, 2, 3]) {
      say(`${count} processors`);
      await fleet.scale('processor', count, random);
      await pause(random.between(2_000, 5_000));
    }
    await fleet.scale('processor', 2, random);
  },
};

/** Kafka forgets how far the group was: everything is delivered once more. */
const rewind: Fault = {
  name: 'rewind',
  weight: 0.7,
  group: 'layout',
  run: async ({ servers, fleet, random, say }) => {
    say('all processors stop, and Kafka forgets their offsets');
    const mixed = fleet.names('processor').filter((name) => !name.startsWith('processor-'));
    await fleet.scale('processor', 0, random);
    const admin = servers.kafka.admin();
    try {
      await admin.connect();
      for (const topic of mixed.length === 0 ? INPUT_TOPICS : []) {
        // A killed member is still in the group for a while: then Kafka refuses, and nothing is forgotten.
        await admin.resetOffsets({ groupId: GROUP, topic, earliest: true }).catch(() => undefined);
      }
    } finally {
      await admin.disconnect().catch(() => undefined);
      await fleet.scale('processor', 2, random);
    }
  },
};

export const PROCESS_FAULTS: readonly Fault[] = [
  kill,
  killAtFailpoint,
  zombie,
  terminate,
  clockStep,
  rebalance,
  rewind,
];
