import { describe, it, expect } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needsOf } from '../../src/commands/roles.js';
import { cli } from './cli.js';

async function finished(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const run = cli(args, env);
  const exit = await run.exit;
  return { exit, stdout: run.stdout, stderr: run.stderr };
}

describe('the command line', () => {
  it('shows help and version', async () => {
    const help = await finished(['--help']);
    expect(help.exit).toBe(0);
    for (const command of ['start', 'serve', 'migrate', 'publish', 'policy']) {
      expect(help.stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
    expect(await finished(['--version'])).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as unknown,
    });
  });

  it.each([
    [['bogus'], "unknown command 'bogus'"],
    [['migrate', '--fast'], "unknown option '--fast'"],
    [['publish'], "missing required argument 'file'"],
    [['serve', '--role', 'cook'], 'Roles are: processor, relay, mailer, api, scheduler.'],
  ])('%j ends with 2', async (args, message) => {
    const run = await finished(args);
    expect(run).toMatchObject({ exit: 2, stdout: '' });
    expect(run.stderr).toContain(message);
  });

  it('says what the roles of serve miss, all together, without a stack', async () => {
    const { exit, stderr } = await finished(['serve', '--role', 'relay', '--role', 'mailer'], {
      HTTP_PORT: 'eighty',
    });
    expect(exit).toBe(1);
    expect(stderr).toContain('The environment has 6 problems');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect((await finished(['serve', '--role', 'api'])).stderr).toContain('has 1 problem:\n  DATABASE_URL');
  });

  it('knows what each role needs', () => {
    expect(needsOf(['api', 'scheduler'])).toEqual(['database']);
    expect(needsOf(['relay'])).toEqual(['database', 'kafka', 'registry']);
    expect(needsOf(['processor', 'mailer'])).toEqual(['database', 'kafka', 'registry', 'smtp']);
  });

  it('checks policy files', async () => {
    expect(await finished(['policy', 'check', 'policy'])).toMatchObject({
      exit: 0,
      stdout: 'ok: 1 version\n',
    });
    const folder = mkdtempSync(join(tmpdir(), 'fair-use-policy-'));
    try {
      writeFileSync(join(folder, 'broken.yaml'), 'version: [\n');
      const { exit, stderr } = await finished(['policy', 'check', folder]);
      expect(exit).toBe(1);
      expect(stderr).toContain('broken.yaml');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
