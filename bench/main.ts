import { Command, InvalidArgumentError } from 'commander';
import { Bench } from './lib/bench.js';
import { drain } from './lib/drain.js';
import { fill } from './lib/fill.js';
import { Oracle } from './lib/oracle.js';
import { readTopic } from './lib/readTopic.js';
import { accountName, chats, type Chat } from './lib/workload.js';

const HOUR_MS = 3_600_000;
const ACCOUNTS = 10_000;
const CHATS = 'platform.chats.v1';

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 on');
  return value;
}

/** The latest six hours that lie in one UTC month and end before now. */
function recentHours(now: number): number {
  const from = Math.floor(now / HOUR_MS) * HOUR_MS - 6 * HOUR_MS;
  const month = (instant: number): number => new Date(instant).getUTCMonth();
  if (month(from) === month(from + 6 * HOUR_MS - 1)) return from;
  const at = new Date(now);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1) - 6 * HOUR_MS;
}

interface DrainOptions {
  readonly events: number;
  readonly runs: number;
  readonly processes: number;
  readonly role: readonly string[];
  readonly node: readonly string[];
}

async function runDrain(options: DrainOptions): Promise<void> {
  const bench = await Bench.start();
  try {
    const from = recentHours(Date.now());
    await bench.takeAccounts(
      Array.from({ length: ACCOUNTS }, (_, n) => accountName(n)),
      'pro',
    );
    const workload = { events: options.events, accounts: ACCOUNTS, seed: 42, from };
    await fill(bench.kafka, CHATS, await bench.schemaId(CHATS), chats(workload));
    const oracle = new Oracle(from);
    await readTopic(bench.kafka, CHATS, (value) => {
      oracle.take(value as Chat);
    });
    const expected = oracle.expected();
    console.error(
      `${expected.records} events, ${expected.counted} to count, ${expected.hours.size} hours, ` +
        `${expected.crossings.size} crossings`,
    );
    for (let run = 0; run < options.runs; run += 1) {
      const result = await drain(bench, expected, {
        processes: options.processes,
        roles: options.role,
        nodeOptions: options.node,
        env: { LOG_LEVEL: 'info' },
      });
      console.log(JSON.stringify(result));
    }
  } finally {
    await bench.stop();
  }
}

const program = new Command('bench');
program
  .command('drain')
  .description('how fast a filled topic is counted into an empty database')
  .option('--events <n>', 'chat events', whole, 1_000_000)
  .option('--runs <n>', 'runs over the same topic', whole, 1)
  .option('--processes <n>', 'processes of the engine', whole, 1)
  .option('--role <role...>', 'roles of each process', ['processor'])
  .option('--node <option...>', 'options for Node, such as --cpu-prof', [])
  .action(runDrain);
await program.parseAsync();
