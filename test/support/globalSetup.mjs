/**
 * Brings up one throw-away Kafka, registry and Postgres for the whole run, on free ports in a temporary
 * folder. Runs of unit tests alone (by their path on the command line) start nothing; addresses that are
 * already in the environment (TEST_KAFKA_BROKERS and so on) are used as they are.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, isNewer, root } from '../../scripts/lib/project.mjs';
import teardown from './globalTeardown.mjs';

const PREFIX = 'fair-use-test-';
const WITHOUT_SERVERS = /^(\.\/)?test\/(domain|config|simulation|oracle|stack|scripts|chaos)(\/|$)/;
const ADDRESSES = ['TEST_KAFKA_BROKERS', 'TEST_SCHEMA_REGISTRY_URL', 'TEST_DATABASE_URL'];

function needsServers(globalConfig) {
  if (process.env.TEST_STACK === 'none' || ADDRESSES.every((name) => process.env[name])) return false;
  const patterns = (globalConfig.testPathPatterns?.patterns ?? []).map((path) => path.replace(root, ''));
  return patterns.length === 0 || patterns.some((path) => !WITHOUT_SERVERS.test(path));
}

/** A run that was killed leaves its folder: removed as soon as nobody uses it any more. */
async function sweep(takeFolder) {
  for (const name of readdirSync(tmpdir())) {
    const folder = join(tmpdir(), name);
    if (!name.startsWith(PREFIX) || !readdirSync(folder).includes('stack.lock')) continue;
    const free = await takeFolder(folder).then(
      () => true,
      () => false,
    );
    if (free) rmSync(folder, { recursive: true, force: true });
  }
}

export default async function setup(globalConfig) {
  if (!isNewer('dist/stack/index.js', ['src/stack', 'src/support'])) build();
  if (!needsServers(globalConfig)) return;
  const { startStack } = await import('../../dist/stack/index.js');
  const { takeFolder } = await import('../../dist/stack/folder.js');
  await sweep(takeFolder);
  const dataDir = mkdtempSync(join(tmpdir(), PREFIX));
  chmodSync(dataDir, 0o711);
  globalThis.testStackFolder = dataDir;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => void teardown().finally(() => process.exit(1)));
  }
  const starting = startStack({
    dataDir,
    libDir: join(root, '.data', 'lib'),
    external: {},
    ports: 'free',
    durable: false,
    parts: ['kafka', 'registry', 'postgres'],
    onProgress: ({ title, state, text }) => {
      if (state !== 'stopping' && state !== 'stopped') process.stderr.write(`${title}: ${text}\n`);
    },
  });
  const stack = await starting.catch(async (error) => {
    await teardown();
    throw error;
  });
  globalThis.testStack = stack;
  process.env.TEST_KAFKA_BROKERS = stack.addresses.kafkaBrokers;
  process.env.TEST_SCHEMA_REGISTRY_URL = stack.addresses.schemaRegistryUrl;
  process.env.TEST_DATABASE_URL = stack.addresses.databaseUrl.replace(/[^/]+$/, 'postgres');
}
