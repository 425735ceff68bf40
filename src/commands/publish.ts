import type { Readable } from 'node:stream';
import { pino } from 'pino';
import { readConfig } from '../config/environment.js';
import { createKafka } from '../kafka/client.js';
import { PublishSender } from '../kafka/publish/sender.js';
import { Registry } from '../kafka/registry.js';
import type { InputTopic } from '../kafka/topics.js';
import type { Log } from '../support/log.js';
import { ExpectedError } from '../support/expectedError.js';
import { waitOut } from '../support/outage.js';
import { fileProblem, findInput, type Input } from './publish/inputs.js';
import { showProgress, type Progress, type Terminal } from './publish/progress.js';
import { Publication, unlessAborted } from './publish/publication.js';
import { Tally } from './publish/tally.js';

const STALLED_MS = 5_000;
const EXIT_INTERRUPTED = 130;

/** What the command reads from and writes to. */
export interface PublishIo {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Publishes NDJSON files to the platform's topics. Resolves to the exit code: 0 when every line went out, 1 when some
 * did not, 130 when interrupted. The summary goes to standard output, everything else to standard error.
 */
export async function publish(paths: readonly string[], io: PublishIo): Promise<number> {
  const config = readConfig(io.env, ['kafka', 'registry']);
  const tally = new Tally();
  const inputs = await findInputs(paths, io, tally);
  const progress = showProgress(io.stderr, tally, totalBytes(inputs));
  const client = lastWords();
  const sender = new PublishSender(createKafka(config.kafka, 'fair-use-publish', client.log));
  const kafkaName = `Kafka at ${config.kafka.brokers.join(',')}`;
  const registryName = `the schema registry at ${new URL(config.registryUrl).host}`;
  const registry = new Registry(config.registryUrl);
  const waiting = { onWaiting: (message: string) => progress.note(message), signal: io.signal };
  const watched = async <T>(attempt: () => Promise<T>): Promise<T> => {
    const since = performance.now();
    const timer = setInterval(() => {
      const seconds = Math.round((performance.now() - since) / 1000);
      progress.note(`waiting for ${kafkaName} for ${seconds} s${client.said()}`);
    }, STALLED_MS);
    return waitOut(kafkaName, attempt, waiting).finally(() => clearInterval(timer));
  };
  try {
    if (inputs.length === 0) return 1;
    const limits = await unlessAborted(
      watched(() => sender.limits()),
      io.signal,
    );
    const publication = new Publication({
      sender,
      limits,
      tally,
      signal: io.signal,
      schemaId: async (topic) =>
        registered(topic, await waitOut(registryName, () => registry.idOf(topic), waiting)),
      waitForKafka: watched,
      onBadLine: (place, problem) => progress.note(`${place}: ${problem}`),
    });
    return await run(publication, inputs, { io, tally, progress });
  } catch (error) {
    if (!io.signal.aborted) throw error;
    return EXIT_INTERRUPTED;
  } finally {
    progress.stop();
    io.stdout.write(tally.summary());
    if (io.signal.aborted) interrupted(io, tally);
    else await sender.close();
  }
}

interface Run {
  readonly io: PublishIo;
  readonly tally: Tally;
  readonly progress: Progress;
}

async function run(publication: Publication, inputs: readonly Input[], run: Run): Promise<number> {
  const { io, tally, progress } = run;
  try {
    for (const input of inputs) {
      try {
        await publication.add(input);
      } catch (error) {
        if (!isFileError(error) || io.signal.aborted) throw error;
        progress.note(`${input.name}: ${fileProblem(error)}`);
        tally.unreadable.push(input.name);
      }
    }
    await unlessAborted(publication.finish(), io.signal);
    return tally.complete ? 0 : 1;
  } finally {
    await publication.abandon();
  }
}

/** Errors of reading a file carry the system call; those of the network are dealt with before. */
function isFileError(error: unknown): boolean {
  const syscall = (error as NodeJS.ErrnoException).syscall;
  return syscall === 'open' || syscall === 'read';
}

async function findInputs(paths: readonly string[], io: PublishIo, tally: Tally): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const path of paths) {
    const result = await findInput(path, io.stdin);
    if (result.ok) {
      inputs.push(result.input);
    } else {
      io.stderr.write(`${result.name}: ${result.problem}\n`);
      tally.unreadable.push(result.name);
    }
  }
  return inputs;
}

function totalBytes(inputs: readonly Input[]): number | null {
  return inputs.reduce<number | null>(
    (sum, { bytes }) => (sum === null || bytes === null ? null : sum + bytes),
    0,
  );
}

function registered(topic: InputTopic, id: number | null): number {
  if (id !== null) return id;
  throw new ExpectedError(
    `the registry does not hold this release's schema of ${topic}; register it first: node dist/main.js migrate ` +
      `(where the platform has registered a schema of its own, publish with the platform's tools)`,
  );
}

/** A log for kafkajs that keeps only what it said last, to explain a wait. */
function lastWords(): { log: Log; said(): string } {
  let last = '';
  const write = (line: string): void => {
    last = (JSON.parse(line) as { msg?: string }).msg ?? last;
  };
  return { log: pino({ level: 'info' }, { write }), said: () => (last === '' ? '' : `: ${last}`) };
}

function interrupted(io: PublishIo, tally: Tally): void {
  io.stderr.write(
    `interrupted: ${tally.publishedLines} lines are certainly out; ` +
      'publishing the same files again changes no count\n',
  );
}
