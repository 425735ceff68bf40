import { createHash } from 'node:crypto';
import { mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadPolicy } from '../src/config/policyFiles.js';
import type { AccountSnapshot } from '../src/domain/accounts/snapshot.js';
import type { UsageEvent } from '../src/domain/events.js';
import { migrateDatabase } from '../src/postgres/migrate.js';
import { ensureSeenPartitions, monthsAround } from '../src/postgres/partitions.js';
import { createPool } from '../src/postgres/pool.js';
import { AccountCache } from '../src/roles/processor/accountCache.js';
import { countBatch, type Item } from '../src/roles/processor/countBatch.js';
import { startStack } from '../src/stack/index.js';
import { eventId } from '../src/support/eventId.js';

const EVENTS = Number(process.argv[2] ?? 500_000);
const BATCH = Number(process.argv[3] ?? 50_000);
const ACCOUNTS = 10_000;
const TOPIC = 'platform.chats.v1';

/** The counting transaction alone: decoded chats into a real Postgres, without Kafka; checks the sums before it reports. */
async function main(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'fair-use-bench-'));
  chmodSync(dataDir, 0o711);
  const stack = await startStack({
    dataDir,
    libDir: resolve('.data/lib'),
    external: {},
    ports: 'free',
    parts: ['postgres'],
    onProgress: () => undefined,
  });
  const pool = createPool(stack.addresses.databaseUrl, 4, () => undefined);
  try {
    await migrateDatabase(stack.addresses.databaseUrl);
    const now = Date.now();
    await ensureSeenPartitions(pool, monthsAround(now));
    const cache = new AccountCache(1024 ** 3);
    const context = { policy: loadPolicy('policy'), now, id: eventId };
    const step = (from: number, to: number) => ({
      topic: TOPIC,
      partition: 0,
      expected: from,
      next: to,
      readUpTo: now,
      lastDigest: Buffer.alloc(16),
    });
    await countBatch(pool, cache, [step(0, ACCOUNTS)], accounts(now), context);
    const cpu = process.cpuUsage();
    const began = performance.now();
    for (let from = 0; from < EVENTS; from += BATCH) {
      const to = Math.min(EVENTS, from + BATCH);
      await countBatch(pool, cache, [step(ACCOUNTS + from, ACCOUNTS + to)], chats(from, to, now), context);
    }
    const seconds = (performance.now() - began) / 1_000;
    const used = process.cpuUsage(cpu);
    const { rows } = await pool.query<{ sum: string }>(
      'select sum(used)::text as sum from reporting.usage_windows',
    );
    if (Number(rows[0]?.sum) !== EVENTS) throw new Error(`counted ${rows[0]?.sum ?? 'nothing'} of ${EVENTS}`);
    const size = await pool.query<{ bytes: number }>('select pg_database_size(current_database()) as bytes');
    console.log(
      JSON.stringify({
        events: EVENTS,
        batch: BATCH,
        eventsPerSecond: Math.round(EVENTS / seconds),
        nodeCpuSecondsPerMillion: Number(((used.user + used.system) / EVENTS).toFixed(2)),
        databaseMB: Math.round((size.rows[0]?.bytes ?? 0) / 1e6),
        load: loadavg()[0],
      }),
    );
  } finally {
    await pool.end();
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function item(offset: number, decoded: Item['decoded']): Item {
  return { record: { topic: TOPIC, partition: 0, offset, key: null, value: Buffer.alloc(0) }, decoded };
}

function accounts(now: number): Item[] {
  return Array.from({ length: ACCOUNTS }, (_, i) => {
    const snapshot: AccountSnapshot = {
      accountId: `account-${i}`,
      revision: 1,
      updatedAt: now - 86_400_000,
      status: 'ACTIVE',
      plan: 'pro',
      isDeal: false,
      customerType: 'COMPANY',
      ownerId: 'owner',
      company: null,
      locale: 'en',
      timeZone: 'UTC',
      billingAnchorDay: null,
      contacts: [],
      workspaces: [],
    };
    return item(i, { kind: 'account', event: { accountId: snapshot.accountId, snapshot, arrivedAt: now } });
  });
}

function chats(from: number, to: number, now: number): Item[] {
  return Array.from({ length: to - from }, (_, n) => {
    const i = from + n;
    const event: UsageEvent = {
      metric: 'chats',
      eventId: `event-${i}`,
      // A few accounts have most of the traffic.
      accountId: `account-${Math.floor(ACCOUNTS * ((i * 0.618034) % 1) ** 3)}`,
      workspaceId: `ws-${i % 3}`,
      idHash: createHash('sha256').update(`chat-${i}`).digest().subarray(0, 16),
      amount: 1,
      occurredAt: now - (i % 3_600_000),
      arrivedAt: now,
    };
    return item(ACCOUNTS + i, { kind: 'usage', event });
  });
}

await main();
