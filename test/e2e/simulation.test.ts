import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INPUT_TOPICS } from '../../src/kafka/topics.js';
import { startSimulation, type Simulation } from '../../src/simulation/run.js';
import { verifySimulation } from '../../src/simulation/verify.js';
import { createLog } from '../../src/support/log.js';
import { until, World } from './world.js';

let world: World;
let stateDir: string;
let simulation: Simulation | null = null;
const log = createLog('silent');

beforeAll(async () => {
  world = await World.start();
  stateDir = mkdtempSync(join(tmpdir(), 'fair-use-simulation-'));
}, 120_000);

afterAll(async () => {
  await simulation?.stop();
  await world.stop();
  rmSync(stateDir, { recursive: true, force: true });
}, 60_000);

/** Throws Kafka's own offsets away, so that everything is delivered again from the beginning. */
async function forgetKafkaOffsets(): Promise<void> {
  const admin = world.kafka.admin();
  await admin.connect();
  // The broker waits for the killed member until its session times out.
  await until('the group to be empty', async () => {
    const { groups } = await admin.describeGroups(['fair-use-processor']);
    return groups[0]?.members.length === 0;
  });
  for (const topic of INPUT_TOPICS) {
    await admin.resetOffsets({ groupId: 'fair-use-processor', topic, earliest: true });
  }
  await admin.disconnect();
}

describe('the simulated platform and its own truth', () => {
  it('agree with the engine after two kills in the middle and input delivered again', async () => {
    const settings = {
      brokers: [world.stack.addresses.kafkaBrokers],
      registryUrl: world.stack.addresses.schemaRegistryUrl,
      stateDir,
      log,
    };
    let engine = await world.serve();
    const running = (simulation = await startSimulation({ ...settings, seed: 7, ratePerSecond: 200 }));
    const published = (count: number): Promise<boolean> =>
      until(`${count} records`, () => Promise.resolve(running.stats().published >= count), 120_000);
    await published(8_000);
    await engine.end('SIGKILL');
    await published(12_000);
    engine = await world.serve();
    await published(24_000);
    await engine.end('SIGKILL');
    await forgetKafkaOffsets();
    // All but the last of the opening scenes are over by then.
    await published(40_000);
    await running.stop();
    engine = await world.serve();

    const { counts, differences } = await verifySimulation({
      ...settings,
      databaseUrl: world.stack.addresses.databaseUrl,
      inboxUrl: null,
    });
    expect(differences).toEqual([]);
    expect(counts['input records']).toBeGreaterThanOrEqual(40_000);
    expect(counts).toMatchObject({ invitations: 2, measures: 2, 'broken conditions': 1 });
    expect(counts['files too large']).toBeGreaterThan(0);
    expect(await engine.end('SIGTERM')).toBe(0);
  }, 300_000);
});
