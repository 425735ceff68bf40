import { Command } from 'commander';
import { count, counts } from './lib/numbers.js';
import { Session, type CommonOptions } from './lib/session.js';
import { latencies, type LatencyOptions } from './suites/latency.js';
import { growth } from './suites/growth.js';
import { mixed } from './suites/mixed.js';
import { report } from './report/report.js';
import { everything } from './suites/everything.js';
import { crashes, drains, memory, scaling, warmUp } from './suites/chats.js';

interface Options extends CommonOptions {
  readonly events: readonly number[];
  readonly processes: readonly number[];
  readonly warmUp: number;
  readonly accounts: number;
  readonly cache: number;
  readonly months: number;
  readonly perMonth: number;
}

/** As the peer measures it, but for the limit: an episode makes one violation here and one per hour and level there. */
const LATENCY: LatencyOptions = { rate: 5_000, warmUpSeconds: 15, seconds: 60, limit: 10 };

const program = new Command('bench');

function command(
  name: string,
  description: string,
  work: (session: Session, options: Options) => Promise<void>,
): Command {
  const isDefault = name === 'all';
  return program
    .command(name, { isDefault })
    .description(description)
    .option('--peer <folder>', 'another program to measure in turn on the same servers')
    .option('--peer-work <folder>', 'where that program is built (default: PEER_WORK)')
    .option('--runs <n>', 'runs of each side', count, isDefault ? 3 : 1)
    .option('--results <folder>', 'where the results go', 'bench/results')
    .option('--role <role...>', 'roles of each process', ['processor'])
    .option('--node <option...>', 'options for Node, such as --cpu-prof', [])
    .option('--warm-up <n>', 'events of a first run of each side that is not kept; 0: none', Number, 200_000)
    .action((options: Options) =>
      Session.with(options, async (session) => {
        if (options.warmUp > 0) await warmUp(session, options.warmUp);
        await work(session, options);
      }),
    );
}

const EVENTS = ['--events <sizes>', 'chat events, such as 1M,5M'] as const;

command('drain', 'how fast a filled topic is counted into an empty database', async (session, options) => {
  for (const events of options.events) await drains(session, events, options.processes[0] ?? 1);
})
  .option(...EVENTS, counts, [1_000_000])
  .option('--processes <n>', 'processes of the engine', counts, [1]);

command('crash', 'kill -9 in the middle: restart to the first new output', async (session, options) => {
  for (const events of options.events) await crashes(session, events, options.events[0] ?? null);
}).option(...EVENTS, counts, [1_000_000, 5_000_000]);

command('scale', 'several processes in one group', async (session, options) => {
  for (const events of options.events) await scaling(session, events, options.processes);
})
  .option(...EVENTS, counts, [1_000_000])
  .option('--processes <numbers>', 'processes of the engine', counts, [1, 2, 4]);

command('memory', 'a cache that holds a tenth of the ids that were seen', async (session, options) => {
  for (const events of options.events) await memory(session, events);
}).option(...EVENTS, counts, [5_000_000]);

command(
  'latency',
  'an open loop: event appended to violation readable and to mail accepted',
  (session, options) => latencies(session, { ...LATENCY, ...(options as Options & Partial<LatencyOptions>) }),
)
  .option('--rate <n>', 'events a second', count)
  .option('--warm-up-seconds <n>', 'seconds that are not measured', count)
  .option('--seconds <n>', 'seconds that are', count)
  .option('--limit <n>', 'chats per hour of the policy', count);

command('mixed', 'all four kinds over many accounts, against chats alone', (session, options) =>
  mixed(session, { sizes: options.events, accounts: options.accounts, cacheMB: options.cache }),
)
  .option(...EVENTS, counts, [1_000_000, 20_000_000])
  .option('--accounts <n>', 'accounts, with three workspaces each', count, 100_000)
  .option('--cache <MB>', 'ACCOUNT_CACHE_MB', count, 3_000);

command('growth', 'the size of the database over simulated months at a constant rate', (session, options) =>
  growth(session, { months: options.months, perMonth: options.perMonth }),
)
  .option('--months <n>', 'months; what is kept longest is kept for 38', count, 50)
  .option('--per-month <n>', 'chat events a month', count, 20_000);

command('all', 'everything, for the table in docs/performance.md', (session, options) =>
  everything(session, options.events, options.months, LATENCY),
)
  .option(...EVENTS, counts, [1_000_000, 5_000_000, 20_000_000])
  .option('--months <n>', 'months of growth', count, 50);

program
  .command('report <results>')
  .description('writes a file of results to docs/performance.md and its plots')
  .action(report);

await program.parseAsync();
