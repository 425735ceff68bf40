import { Command, InvalidArgumentError } from 'commander';
import { Session, type CommonOptions } from './lib/session.js';
import { fillChats, recentHours, WORKLOAD_ACCOUNTS } from './lib/topic.js';
import { drain, peerDrain } from './runs/drain.js';

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 on');
  return value;
}

/** `1M,5M`, or `1000000`. */
function sizes(text: string): number[] {
  return text.split(',').map((part) => whole(part.replace(/M$/, '000000').replace(/k$/, '000')));
}

function sizeName(events: number): string {
  if (events % 1_000_000 === 0) return `${events / 1_000_000}M`;
  return events % 1_000 === 0 ? `${events / 1_000}k` : String(events);
}

interface DrainOptions extends CommonOptions {
  readonly events: readonly number[];
  readonly processes: number;
  readonly role: readonly string[];
  readonly node: readonly string[];
  readonly warmUp: number;
}

async function runDrain(options: DrainOptions): Promise<void> {
  await Session.with(options, async (session) => {
    const { bench, peer } = session;
    const base = await bench.base('pro', WORKLOAD_ACCOUNTS);
    const from = recentHours(Date.now());
    const { processes, role: roles, node: nodeOptions } = options;
    const settings = { base, processes, roles, nodeOptions, env: {} };
    if (options.warmUp > 0) {
      const filled = await fillChats(bench, peer, { base, events: options.warmUp, seed: 7, from });
      await session.warmUp(
        () => drain(bench, 'warm-up', filled, { ...settings, nodeOptions: [] }),
        (other) => peerDrain(other, 'warm-up', filled),
      );
    }
    for (const events of options.events) {
      const filled = await fillChats(bench, peer, { base, events, seed: 42, from });
      const what = `drain ${sizeName(events)}`;
      await session.inTurn(
        () => drain(bench, what, filled, settings),
        (other) => peerDrain(other, what, filled),
      );
    }
  });
}

const program = new Command('bench');

function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--peer <folder>', 'another program to measure in turn on the same servers')
    .option('--peer-work <folder>', 'where that program is built (default: PEER_WORK)')
    .option('--runs <n>', 'runs of each side', whole, 1)
    .option('--results <folder>', 'where the results go', 'bench/results');
}

command('drain', 'how fast a filled topic is counted into an empty database')
  .option('--events <sizes>', 'chat events, such as 1M,5M', sizes, [1_000_000])
  .option('--processes <n>', 'processes of the engine', whole, 1)
  .option('--role <role...>', 'roles of each process', ['processor'])
  .option('--node <option...>', 'options for Node, such as --cpu-prof', [])
  .option('--warm-up <n>', 'events of a first run of each side that is not kept; 0: none', Number, 200_000)
  .action(runDrain);
await program.parseAsync();
