import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { at, LogBook } from '../simulation/logs.js';
import { countingDatabase, Process } from '../roles/processor/feeder.js';
import type { FreshDatabase } from '../support/stack.js';
import { cli } from './cli.js';

const BEGIN = at('2026-05-20T10:00:00Z');
const AGREED = {
  account: 'a1',
  rule: 'sessions-per-month',
  extra: '500',
  from: '2099-01-01T00:00:00Z',
  to: '2099-02-01T00:00:00+01:00',
  reason: 'Winter campaign',
};

let database: FreshDatabase;
beforeAll(async () => {
  database = await countingDatabase();
  const engine = new Process(database.url);
  await engine.count(new LogBook().account(BEGIN, { plan: 'pro' }).entries);
  await engine.close();
});
afterAll(() => database.drop());

async function run(command: string, options: Record<string, string>) {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const started = cli(['allowance', command, ...args], { LOG_LEVEL: 'silent', DATABASE_URL: database.url });
  const exit = await started.exit;
  return { exit, stdout: started.stdout, stderr: started.stderr };
}

describe('allowance grant, list and withdraw', () => {
  it('prints the id alone, lists what stands and what was withdrawn, and refuses what was done already', async () => {
    const { exit, stdout, stderr } = await run('grant', AGREED);
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    const id = stdout.trim();
    expect(await run('grant', AGREED)).toEqual({
      exit: 1,
      stdout: '',
      stderr: `the same was granted already and stands: allowance ${id}\n`,
    });
    const line = `${id}\tsessions-per-month\t+500\t2099-01-01T00:00:00.000Z\t2099-01-31T23:00:00.000Z`;
    expect(await run('list', { account: 'a1' })).toMatchObject({
      stdout: `${line}\tstands\tWinter campaign\n`,
    });
    expect(await run('withdraw', { account: 'a1', id })).toEqual({ exit: 0, stdout: '', stderr: '' });
    expect((await run('list', { account: 'a1' })).stdout).toContain(`${line}\twithdrawn 20`);
    const twice = await run('withdraw', { account: 'a1', id });
    expect([twice.exit, twice.stderr]).toEqual([1, expect.stringContaining('withdrawn already, since 20')]);
  });

  it('takes sizes for rules in bytes', async () => {
    const { stdout } = await run('grant', { ...AGREED, rule: 'file-size', extra: '3 MiB' });
    const listed = (await run('list', { account: 'a1' })).stdout;
    expect(listed).toContain(`${stdout.trim()}\tfile-size\t+3145728\t`);
  });

  it('says every problem of a grant at once', async () => {
    const { from, to } = AGREED;
    const wrong = await run('grant', { ...AGREED, from: to, to: from, extra: '5 MiB', reason: ' ' });
    expect([wrong.exit, wrong.stdout]).toEqual([1, '']);
    expect(wrong.stderr.split('\n')).toEqual([
      expect.stringContaining('--extra: expected a whole number above 0'),
      '--to: must be later than --from',
      expect.stringContaining('--reason is empty'),
      '',
    ]);
  });

  it.each([
    ['grant', { ...AGREED, account: 'nobody' }, 1, 'account nobody is not known\n'],
    ['grant', { ...AGREED, from: 'tomorrow' }, 2, 'Write an instant such as'],
    ['grant', { ...AGREED, rule: 'no-resale' }, 2, 'sessions-per-month'],
    ['grant', { ...AGREED, extra: 'unlimited' }, 1, 'change the plan for no limit at all'],
    ['grant', { ...AGREED, from: '2001-01-01T00:00:00Z', to: '2001-01-02T00:00:00Z' }, 1, 'has ended'],
    ['withdraw', { account: 'a1', id: 'none' }, 1, 'account a1 has no allowance none\n'],
    ['list', { account: 'nobody' }, 1, 'account nobody is not known\n'],
  ])('refuses %s %j', async (command, options, code, message) => {
    const { exit, stdout, stderr } = await run(command, options);
    expect([exit, stdout]).toEqual([code, '']);
    expect(stderr).toContain(message);
  });
});
