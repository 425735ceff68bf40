import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { addAllowances } from './allowanceCommands.js';
import { reportFailure } from './failures.js';
import { addInput } from './inputCommands.js';
import type { Io } from './io.js';
import { collectRole, needsOf, ROLES, type Role } from './roles.js';
import type { ReportOptions } from './violation.js';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

/**
 * Runs one command. Resolves to the exit code: 0 done, 1 failed, 2 a wrong command line, 130 interrupted.
 * @param args what follows the program's name
 */
export async function runProgram(args: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  let interruption: AbortSignal | undefined;
  const remembering = { ...io, interruption: () => (interruption = io.interruption()) };
  const program = createProgram(remembering, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (interruption?.aborted === true) return EXIT_INTERRUPTED;
    reportFailure(error, io.stderr, io.env);
    return EXIT_FAILED;
  }
}

// Each command is loaded when it runs: `publish` has no use for the mailer.
function createProgram(io: Io, exit: (code: number) => void): Command {
  const program = new Command('fair-use')
    .description('Counts what customers of a chatbot platform use and warns them in time.')
    .version(version())
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .showHelpAfterError('(--help shows the commands and options)')
    .exitOverride();

  addServers(program, io, exit);
  program
    .command('publish')
    .description('publish NDJSON files to the platform topics, one {"topic": …, "value": {…}} a line')
    .argument('<file...>', 'files to publish; - is standard input')
    .addHelpText(
      'after',
      '\nTimes are epoch milliseconds or RFC 3339. A tombstone, which closes an account, is' +
        '\n{"topic": "platform.accounts.v1", "key": "<account id>", "value": null}.' +
        '\nExit code: 0 every line went out, 1 some did not, 130 interrupted.',
    )
    .action(async (files: string[]) => {
      const { publish } = await import('./publish.js');
      exit(await publish(files, { ...io, signal: io.interruption() }));
    });
  const policy = program.command('policy').description('work with policy files');
  policy
    .command('check')
    .description('validate a policy file or a folder of versions and list every problem')
    .argument('<path>', 'file or folder')
    .action(async (path: string) => {
      const { policyCheck } = await import('./policyCheck.js');
      policyCheck(path, io.stdout);
    });
  addViolations(program, io);
  addAllowances(program, io);
  addInput(program, io, exit);
  return program;
}

function addViolations(program: Command, io: Io): void {
  const violation = program.command('violation').description('report what no traffic shows, or close it');
  violation
    .command('report')
    .description('record a violation that an operator saw; prints its id')
    .requiredOption('--account <id>', 'the account')
    .addOption(
      new Option('--rule <rule>', 'the condition broken').choices(['no-resale']).makeOptionMandatory(),
    )
    .requiredOption('--detail <text>', 'what was seen')
    .option('--workspace <id>', 'the workspace, where it is about one')
    .action(async (options: ReportOptions) => {
      const { reportViolation } = await import('./violation.js');
      await reportViolation(options, io.env, io.stdout);
    });
  violation
    .command('close')
    .description('close a violation that an operator reported')
    .requiredOption('--id <id>', 'the violation')
    .requiredOption('--account <id>', 'its account')
    .action(async (options: { id: string; account: string }) => {
      const { closeViolation } = await import('./violation.js');
      await closeViolation(options, io.env);
    });
}

function addServers(program: Command, io: Io, exit: (code: number) => void): void {
  program
    .command('start')
    .description('bring up the embedded servers, run every role and play simulated traffic')
    .option('--no-simulation', 'leave the simulated traffic out')
    .option('--reset', 'start from nothing', false)
    .option(
      '--for <minutes>',
      'play so long, hold the result against the simulated platform, and end',
      minutes,
    )
    .action(async (options: { simulation: boolean; reset: boolean; for?: number }) => {
      const { start } = await import('./start.js');
      exit(
        await start({
          simulation: options.simulation,
          reset: options.reset,
          forMinutes: options.for ?? null,
        }),
      );
    });
  program
    .command('serve')
    .description('run every role, or some, against the servers named in the environment')
    .option('--role <role>', `a role to run, may be repeated: ${ROLES.join(', ')}; default: all`, collectRole)
    .action(async ({ role }: { role?: readonly Role[] }) => {
      const roles = role ?? ROLES;
      const { readConfig } = await import('../config/environment.js');
      const config = readConfig(io.env, needsOf(roles));
      const { serve } = await import('./serve.js');
      await serve(config, [...roles]);
    });
  program
    .command('migrate')
    .description('bring database, topics and registry subjects up to this release')
    .action(async () => {
      const { migrate } = await import('./migrate.js');
      await migrate(io.env, io.stdout, io.interruption());
    });
}

function minutes(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Minutes are a number above 0.');
  return value;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
