import { resolve } from 'node:path';
import { emptyFolder, takeFolder } from './folder.js';
import { inbox, inboxUrl } from './inbox.js';
import { findJava, requireMaven } from './java.js';
import { kafka } from './kafka.js';
import { isInstalled } from './library.js';
import type { Lock } from './lock.js';
import { RunningPart } from './part.js';
import { postgres, postgresUrl } from './postgres.js';
import { registry, registryUrl } from './registry.js';
import { portOf, type Server } from './server.js';
import {
  ALL_PARTS,
  type Part,
  type Stack,
  type StackAddresses,
  type StackOptions,
  type StackPart,
} from './types.js';

export { ALL_PARTS } from './types.js';
export type { Part, ProgressEvent, Stack, StackOptions } from './types.js';

const SERVERS: Record<Part, Server> = { kafka, registry, postgres, inbox };
const EXTERNAL = {
  kafka: 'kafkaBrokers',
  registry: 'schemaRegistryUrl',
  postgres: 'databaseUrl',
  inbox: 'smtpUrl',
} as const satisfies Record<Part, keyof StackOptions['external']>;

type Parts = Partial<Record<Part, RunningPart>>;

/** Before anything starts: a missing tool must not leave half a stack. */
async function checkTools(servers: readonly Server[], libDir: string): Promise<void> {
  const libraries = servers.flatMap(({ library }) => (library === null ? [] : [library]));
  if (libraries.length > 0) await findJava();
  if (libraries.some((library) => !isInstalled(libDir, library))) await requireMaven();
}

function announce(parts: readonly Part[], options: StackOptions): Part[] {
  return parts.filter((part) => {
    if (options.external[EXTERNAL[part]] === undefined) return true;
    const text = `not started: ${EXTERNAL[part]} was given`;
    options.onProgress({ part, title: SERVERS[part].title, state: 'external', text });
    return false;
  });
}

function addressesOf(parts: Parts, external: StackOptions['external']): StackAddresses {
  const { inbox: mail, kafka: broker, registry: schemas, postgres: database } = parts;
  const smtp = mail === undefined ? '' : `smtp://127.0.0.1:${portOf(mail.ports, 'smtp')}`;
  return {
    kafkaBrokers: external.kafkaBrokers ?? (broker === undefined ? '' : kafka.describe(broker.ports)),
    schemaRegistryUrl:
      external.schemaRegistryUrl ?? (schemas === undefined ? '' : registryUrl(schemas.ports)),
    databaseUrl: external.databaseUrl ?? (database === undefined ? '' : postgresUrl(database.ports)),
    smtpUrl: external.smtpUrl ?? smtp,
    inboxUrl: mail === undefined ? null : inboxUrl(mail.ports),
  };
}

/** Writes down who runs, so that the next start can end what a killed one left. */
function recordChildren(lock: Lock, parts: Parts): void {
  lock.record(
    Object.values(parts).flatMap(({ part, process }) =>
      process === null
        ? []
        : [{ name: part, stopSignal: part === 'postgres' ? 'SIGINT' : 'SIGTERM', ...process }],
    ),
  );
}

async function stopAll(parts: Parts): Promise<void> {
  await Promise.allSettled(
    Object.values(parts).map(async (part) => {
      if (part.pid === null) return;
      part.say('stopping', 'stopping');
      await part.stop();
      part.say('stopped', 'stopped');
    }),
  );
}

/** Waits for all; one that fails, or a caller that gives up, ends the others. */
async function allUp(
  starts: Promise<void>[],
  stop: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const giveUp = () => void stop();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await Promise.all(starts);
    signal?.throwIfAborted();
  } catch (error) {
    // A part that was ended because of the signal has its own complaint, which is not the reason.
    await Promise.allSettled([stop(), ...starts]);
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

/**
 * Brings up the embedded servers, all at once, and waits until each answers. They end with this process,
 * however it ends.
 * @throws StackError in one line: another run has the folder, Java or Maven is missing, a server failed
 */
export async function startStack(given: StackOptions): Promise<Stack> {
  const options = { ...given, dataDir: resolve(given.dataDir), libDir: resolve(given.libDir) };
  const wanted = announce(options.parts ?? ALL_PARTS, options);
  await checkTools(
    wanted.map((part) => SERVERS[part]),
    options.libDir,
  );
  options.signal?.throwIfAborted();
  const lock = await takeFolder(options.dataDir);
  if (options.reset === true) emptyFolder(options.dataDir, options.libDir);
  const parts: Parts = {};
  let stopped: Promise<void> | null = null;
  const abandon = new AbortController();
  const { ports = 'default', durable = true, signal } = options;
  const onChange = () => {
    if (stopped === null) recordChildren(lock, parts);
  };
  for (const part of wanted) {
    const settings = { ...options, ports, durable, onChange, abandon: abandon.signal };
    parts[part] = new RunningPart(SERVERS[part], settings);
  }
  const stop = () => {
    abandon.abort();
    return (stopped ??= stopAll(parts).finally(() => lock.release()));
  };
  const starts = Object.values(parts).map((part) => part.bringUp());
  await allUp(starts, stop, signal);
  const started: Partial<Record<Part, StackPart>> = parts;
  return { addresses: addressesOf(parts, options.external), parts: started, stop };
}
