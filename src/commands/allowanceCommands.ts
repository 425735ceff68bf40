import { Option, type Command } from 'commander';
import { RULES } from '../domain/policy/policy.js';
import type { GrantOptions } from './allowance.js';
import { instantArgument } from './instantArgument.js';
import type { Io } from './io.js';

/** `allowance grant`, `withdraw` and `list`: more than a limit gives, agreed beforehand. */
export function addAllowances(program: Command, io: Io): void {
  const allowance = program
    .command('allowance')
    .description('agree on more than a limit gives, or take it back');
  allowance
    .command('grant')
    .description('raise a limit for every window that overlaps a time; prints the id')
    .requiredOption('--account <id>', 'the account')
    .addOption(
      new Option('--rule <rule>', 'the limit to raise')
        .choices([...Object.keys(RULES), 'file-size'])
        .makeOptionMandatory(),
    )
    .requiredOption('--extra <amount>', 'how much more: a whole number, or a size such as 5 GiB')
    .requiredOption('--from <instant>', 'from when on, e.g. 2026-12-01T00:00:00Z', instantArgument)
    .requiredOption('--to <instant>', 'until when, this instant not included', instantArgument)
    .requiredOption('--reason <text>', 'what was agreed, and with whom')
    .addHelpText(
      'after',
      '\nA window (hour, month, year) that overlaps the time has the extra in full; allowances add up.' +
        '\nfile-size: for files uploaded within the time.',
    )
    .action(async (options: GrantOptions) => {
      const { grantAllowance } = await import('./allowance.js');
      await grantAllowance(options, io);
    });
  allowance
    .command('withdraw')
    .description('take an allowance back; windows that have ended keep it')
    .requiredOption('--id <id>', 'the allowance')
    .requiredOption('--account <id>', 'its account')
    .action(async (options: { id: string; account: string }) => {
      const { withdrawAllowance } = await import('./allowance.js');
      await withdrawAllowance(options, io);
    });
  allowance
    .command('list')
    .description('the allowances of an account: id, rule, extra, from, to, state, reason')
    .requiredOption('--account <id>', 'the account')
    .action(async (options: { account: string }) => {
      const { listAllowances } = await import('./allowance.js');
      await listAllowances(options, io);
    });
}
