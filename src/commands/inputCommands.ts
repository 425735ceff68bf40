import { InvalidArgumentError, type Command } from 'commander';
import type { AcceptOptions } from './input.js';
import type { Io } from './io.js';

/** `input status` and `input accept-loss`: what of the input can never be counted, and the decision to go on without it. */
export function addInput(program: Command, io: Io, exit: (code: number) => void): void {
  const input = program.command('input').description('input that vanished before it was counted');
  input
    .command('status')
    .description('where every partition stands, what is lost, and what was given up so far')
    .addHelpText('after', '\nExit code: 0 nothing is lost, 1 something is.')
    .action(async () => {
      const { showInput } = await import('./input.js');
      exit(await showInput(io));
    });
  input
    .command('accept-loss')
    .description('give up what is lost of a topic, on record, so that counting goes on behind it')
    .requiredOption('--topic <topic>', 'the input topic')
    .option('--partition <n>', 'the partition; default: each that has lost something', partitionArgument)
    .requiredOption('--reason <text>', 'why it may be given up')
    .requiredOption('--by <name>', 'who decides')
    .addHelpText(
      'after',
      '\nRefused when nothing is lost. Run `input status` first: it says what is missing, and since when.' +
        '\nWhat a topic that was created anew holds is counted from its beginning; events counted before are' +
        '\nknown again by their ids.',
    )
    .action(async (options: AcceptOptions) => {
      const { acceptLoss } = await import('./input.js');
      await acceptLoss(options, io);
    });
}

function partitionArgument(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A partition is a whole number from 0.');
  return Number(text);
}
