import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import {
  beginData,
  expireLease,
  lockDue,
  markEnded,
  markRetry,
  markSent,
  startAttempts,
  type Attempt,
  type DueDelivery,
} from '../../../src/postgres/deliveries/attempts.js';
import { backlog, dueDeliveries, expiredLeases } from '../../../src/postgres/deliveries/due.js';
import { deliveriesOf, insertDeliveries, type DeliveryRow } from '../../../src/postgres/deliveries/ledger.js';
import { loadMessage, storeMessages } from '../../../src/postgres/deliveries/messages.js';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import { createPool } from '../../../src/postgres/pool.js';
import { freshDatabase, type FreshDatabase } from '../../support/stack.js';

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase('deliveries');
  await migrateDatabase(database.url);
  pool = createPool(database.url, 4, () => undefined);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const LEASE = 60_000;
const SENT_AT = Date.UTC(2026, 4, 20, 9);
let first: Attempt;
let second: Attempt;

const rows = async (): Promise<DeliveryRow[]> => (await deliveriesOf(pool, [first])).get('account') ?? [];
const statusOf = async (): Promise<string | undefined> => (await rows())[0]?.status;
const due = async (): Promise<DueDelivery | null> => (await lockDue(pool, [first])).get('account') ?? null;
const start = async (attempt: Attempt, messageId: string, leaseMs: number): Promise<number | undefined> =>
  (await startAttempts(pool, [{ attempt, messageId }], leaseMs)).get('account')?.sinceFirst;
const sent = async (attempt: Attempt): Promise<boolean> =>
  (await markSent(pool, [attempt], SENT_AT)).has('account');
const recipient = {
  key: 'ada@example.com',
  address: 'Ada@example.com',
  valid: true,
  name: 'Ada',
  locale: 'en',
};

beforeEach(async () => {
  await pool.query('truncate deliveries');
  const key = { accountId: 'account', notificationId: randomUUID(), recipientKey: recipient.key };
  first = { ...key, number: 1 };
  second = { ...key, number: 2 };
  await insertDeliveries(pool, [{ notice: key, recipient }]);
});

describe('a delivery', () => {
  it('is opened once per notice and address', async () => {
    await insertDeliveries(pool, [{ notice: first, recipient: { ...recipient, name: 'Again' } }]);
    expect(await rows()).toMatchObject([{ recipientName: 'Ada', status: 'PENDING' }]);
  });

  it('with a malformed address is failed from the start', async () => {
    await insertDeliveries(pool, [
      { notice: first, recipient: { ...recipient, key: 'x', address: 'x', valid: false } },
    ]);
    expect((await rows())[1]).toMatchObject({
      status: 'FAILED',
      reason: 'invalid-address',
    });
    expect(await dueDeliveries(pool, 10)).toHaveLength(1);
  });

  it('is due until it is attempted, and again when its retry is', async () => {
    expect(await due()).toMatchObject({
      recipient: 'Ada@example.com',
      attempts: 0,
      messageId: null,
    });
    await start(first, '<m@example.com>', LEASE);
    expect(await due()).toBeNull();
    expect(await dueDeliveries(pool, 10)).toEqual([]);
    await markRetry(pool, first, 60_000, '451 later');
    expect(await dueDeliveries(pool, 10)).toEqual([]);
    // A server that stays away must show, although nothing is due between two attempts.
    expect((await backlog(pool)).waiting).toBe(1);
    await start(second, '<m@example.com>', LEASE);
    await markRetry(pool, second, 0, '451 later');
    expect(await dueDeliveries(pool, 10)).toHaveLength(1);
    expect(await due()).toMatchObject({ attempts: 2, messageId: '<m@example.com>' });
  });

  it('remembers when its first attempt began', async () => {
    const atOnce = await start(first, '<m@example.com>', LEASE);
    expect(atOnce).toBeGreaterThanOrEqual(0);
    await markRetry(pool, first, 0, null);
    await pool.query(`update deliveries set first_attempt_at = first_attempt_at - interval '1 hour'`);
    const later = await start(second, '<m@example.com>', LEASE);
    expect(later).toBeGreaterThan(atOnce! + 3_600_000);
    expect(later).toBeLessThan(2 * 3_600_000);
  });
});

describe('a lease', () => {
  it('begins with the attempt, not with a transaction that waited for its locks', async () => {
    const tx = await pool.connect();
    try {
      await tx.query('begin');
      await tx.query('select pg_sleep(0.2)');
      await startAttempts(tx, [{ attempt: first, messageId: '<m@example.com>' }], LEASE);
      const { rows: leases } = await tx.query<{ whole: boolean }>(
        `select lease_until >= now() + interval '60.2 seconds' as whole from deliveries`,
      );
      expect(leases).toEqual([{ whole: true }]);
    } finally {
      await tx.query('rollback');
      tx.release();
    }
  });
});

describe('the beginning of the data', () => {
  it('is granted once, to the attempt that holds the lease', async () => {
    await start(first, '<m@example.com>', LEASE);
    expect(await beginData(pool, second)).toBe(false);
    expect(await beginData(pool, first)).toBe(true);
    expect(await beginData(pool, first)).toBe(false);
  });

  it('is refused after the lease and after the end', async () => {
    await start(first, '<m@example.com>', -1);
    expect(await beginData(pool, first)).toBe(false);
    await start(second, '<m@example.com>', LEASE);
    expect(await beginData(pool, first)).toBe(false);
    await markRetry(pool, second, 0, null);
    expect(await beginData(pool, second)).toBe(false);
  });
});

describe('a lease that ran out', () => {
  it('makes the delivery due again when the data had not begun', async () => {
    await start(first, '<m@example.com>', -1);
    expect(await expiredLeases(pool, 10)).toHaveLength(1);
    expect(await expireLease(pool, first)).toBe('PENDING');
    expect(await expireLease(pool, first)).toBeNull();
    expect(await markRetry(pool, first, 0, null)).toBe(false);
    expect(await markEnded(pool, first, 'FAILED', '550 no')).toBe(false);
    expect(await sent(first)).toBe(false);
    expect(await statusOf()).toBe('PENDING');
  });

  it('leaves the delivery unknown when it had, until the answer comes', async () => {
    await start(first, '<m@example.com>', LEASE);
    await beginData(pool, first);
    await pool.query(`update deliveries set lease_until = now() - interval '1 second'`);
    expect(await expireLease(pool, first)).toBe('UNKNOWN');
    expect(await markEnded(pool, first, 'FAILED', '550 no')).toBe(false);
    expect(await markRetry(pool, first, 0, null)).toBe(false);
    expect(await statusOf()).toBe('UNKNOWN');
    expect(await sent(second)).toBe(false);
    expect(await sent(first)).toBe(true);
    expect(await statusOf()).toBe('SENT');
  });

  it('is none while it lasts', async () => {
    await start(first, '<m@example.com>', LEASE);
    expect(await expiredLeases(pool, 10)).toEqual([]);
    expect(await expireLease(pool, first)).toBeNull();
  });
});

describe('a message', () => {
  it('keeps the bytes that came first', async () => {
    await storeMessages(pool, [
      { accountId: 'account', messageId: '<m@example.com>', raw: Buffer.from('first\r\n\0\xff', 'latin1') },
    ]);
    await storeMessages(pool, [
      { accountId: 'account', messageId: '<m@example.com>', raw: Buffer.from('second') },
    ]);
    const kept = await loadMessage(pool, 'account', '<m@example.com>');
    expect(kept.toString('latin1')).toBe('first\r\n\0\xff');
    await expect(loadMessage(pool, 'other', '<m@example.com>')).rejects.toThrow('missing');
  });
});
