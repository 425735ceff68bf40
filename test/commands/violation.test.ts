import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { createPool } from '../../src/postgres/pool.js';
import { at, LogBook } from '../simulation/logs.js';
import { countingDatabase, Process } from '../roles/processor/feeder.js';
import type { FreshDatabase } from '../support/stack.js';
import { cli } from './cli.js';

const BEGIN = at('2026-05-20T10:00:00Z');

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await countingDatabase();
  pool = createPool(database.url, 1, () => undefined);
  const engine = new Process(database.url);
  await engine.count(new LogBook().account(BEGIN, { plan: 'pro' }).entries);
  await engine.close();
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function run(command: string, options: Record<string, string>) {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const started = cli(['violation', command, ...args], { LOG_LEVEL: 'silent', DATABASE_URL: database.url });
  const exit = await started.exit;
  return { exit, stdout: started.stdout, stderr: started.stderr };
}

const version = async (): Promise<number> =>
  (await pool.query<{ version: number }>(`select version from account_heads where account_id = 'a1'`)).rows[0]
    ?.version ?? -1;

describe('violation report and close', () => {
  const report = { account: 'a1', rule: 'no-resale', detail: 'Sells bots', workspace: 'w1' };

  it('records it with its event and prints the id alone; again, it says so; closed, it may be reported anew', async () => {
    const before = await version();
    const { exit, stdout, stderr } = await run('report', report);
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    const id = stdout.trim();
    expect(await version()).toBe(before + 1);
    const { rows } = await pool.query(
      `select v.rule, v.workspace_id, v.closed_at, v.details->>'detail' as detail, o.topic,
         o.record->>'violationId' as event, o.record->>'plan' as plan
       from reporting.violations v join outbox o on o.event_id = v.violation_id where violation_id = $1`,
      [id],
    );
    expect(rows).toEqual([
      {
        rule: 'no-resale',
        workspace_id: 'w1',
        closed_at: null,
        detail: 'Sells bots',
        topic: 'fair-use.violations.v1',
        event: id,
        plan: 'pro',
      },
    ]);

    const again = await run('report', { ...report, detail: ' sells bots ' });
    expect(again).toEqual({
      exit: 1,
      stdout: '',
      stderr: `this is reported already and still open: violation ${id}\n`,
    });
    const elsewhere = await run('report', { account: 'a1', rule: 'no-resale', detail: 'Sells bots' });
    expect(elsewhere.exit).toBe(0);

    expect(await run('close', { id, account: 'a1' })).toMatchObject({ exit: 0, stderr: '' });
    expect(await version()).toBe(before + 3);
    const twice = await run('close', { id, account: 'a1' });
    expect([twice.exit, twice.stderr]).toEqual([1, expect.stringContaining('closed already')]);
    const anew = await run('report', report);
    expect(anew.exit).toBe(0);
    expect([id, elsewhere.stdout.trim()]).not.toContain(anew.stdout.trim());
  });

  it('refuses what it cannot do, in one line', async () => {
    const reported = async (change: Record<string, string>) => run('report', { ...report, ...change });
    expect(await reported({ account: 'nobody' })).toMatchObject({
      exit: 1,
      stderr: 'account nobody is not known\n',
    });
    const { rows } = await pool.query(`select 1 from account_heads where account_id = 'nobody'`);
    expect(rows).toEqual([]);
    expect(await reported({ detail: ' ' })).toMatchObject({ exit: 1, stdout: '' });
    const wrongRule = await reported({ rule: 'file-size' });
    expect([wrongRule.exit, wrongRule.stderr]).toEqual([2, expect.stringContaining('no-resale')]);
    const unknown = await run('close', { id: 'none', account: 'a1' });
    expect([unknown.exit, unknown.stderr]).toEqual([1, 'account a1 has no violation none\n']);
  });

  it('leaves violations alone that end by themselves', async () => {
    const engine = new Process(database.url);
    const [entry] = new LogBook().account(BEGIN + 1, {
      revision: 2,
      plan: 'ltd',
      customerType: 'AGENCY',
    }).entries;
    await engine.count(entry === undefined ? [] : [{ ...entry, offset: 1 }]);
    await engine.close();
    const { rows } = await pool.query<{ violation_id: string }>(
      `select violation_id from reporting.violations where rule = 'eligible-customer'`,
    );
    const { exit, stderr } = await run('close', { id: rows[0]?.violation_id ?? '', account: 'a1' });
    expect([exit, stderr]).toEqual([1, expect.stringContaining('not closed by hand')]);
    const { rows: reported } = await pool.query(
      `select count(*) as n from reporting.violations where rule = 'no-resale' and closed_at is null`,
    );
    expect(reported).toEqual([{ n: 2 }]);
  });

  it('says at once that the database is down', async () => {
    const started = cli(['violation', 'close', '--id', 'x', '--account', 'a1'], {
      DATABASE_URL: 'postgres://127.0.0.1:1/nothing',
    });
    expect(await started.exit).toBe(1);
    expect(started.stderr).toMatch(/^the database is not to be reached: .+\n$/);
  });
});
