import type { Part } from '../../../src/stack/index.js';
import type { Behaviour } from '../../mail/scriptedServer.js';
import { hurryMails } from '../checks/settled.js';
import type { Weather } from '../world/proxy.js';
import type { Fault, Target } from './fault.js';

const HTTP_500 = 'HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';

/** A server is killed or stopped for a while, then is there again. */
async function outage({ servers, random, pause, say }: Target, part: Part): Promise<void> {
  const server = servers.stack.parts[part];
  if (server === undefined) return;
  const ms = random.between(500, 4_000);
  const how = random.pick(['SIGKILL', 'stop', 'SIGSTOP'] as const);
  say(`${part}: ${how} for ${ms} ms`);
  if (how === 'SIGSTOP') {
    await server.kill('SIGSTOP');
    await pause(ms * 3);
    await server.kill('SIGCONT');
    return;
  }
  await (how === 'stop' ? server.stop() : server.kill('SIGKILL'));
  await pause(ms);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await server.start();
      return;
    } catch (error) {
      // Backends of a killed Postgres may still be going.
      if (attempt === 5) throw error;
      await pause(1_000);
    }
  }
}

async function badNetwork(target: Target, to: keyof Target['servers']['net']): Promise<void> {
  const { servers, random, pause, say } = target;
  const ms = random.between(1_000, 8_000);
  const weather = random.pick<Weather>([
    { kind: 'down' },
    { kind: 'slow', ms: random.between(50, 400) },
    { kind: 'silent' },
    ...(to === 'registry' ? [{ kind: 'answers', bytes: HTTP_500 } as const] : []),
  ]);
  say(`network to ${to}: ${weather.kind} for ${ms} ms`);
  servers.net[to].set(weather);
  await pause(ms);
  servers.net[to].set({ kind: 'fair' });
  // Connections that were silent for long are as likely cut as not.
  if (random.chance(0.5)) servers.net[to].cut();
}

const network = (to: keyof Target['servers']['net'], weight: number, group: Fault['group']): Fault => ({
  name: `network to ${to}`,
  weight,
  group,
  run: (target) => badNetwork(target, to),
});

const down = (part: 'kafka' | 'postgres' | 'registry', weight: number): Fault => ({
  name: `${part} away`,
  weight,
  group: part,
  run: (target) => outage(target, part),
});

const terminated: Fault = {
  name: 'connections terminated',
  weight: 2,
  group: 'postgres',
  run: async ({ servers, say }) => {
    say('pg_terminate_backend for every connection of the engine');
    await servers.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'fair-use'`,
    );
  },
};

/** Somebody holds the rows that every counting transaction needs: commits wait. */
const stalled: Fault = {
  name: 'commits stalled',
  weight: 1,
  group: 'postgres',
  run: async ({ servers, random, pause, say }) => {
    const table = random.pick(['input_offsets', 'account_heads', 'outbox', 'deliveries']);
    const ms = random.between(1_000, 6_000);
    say(`${table} is locked for ${ms} ms`);
    const client = await servers.db.connect();
    client.on('error', () => undefined);
    try {
      await client.query(`begin; set local lock_timeout = '3s'; lock table ${table} in exclusive mode`);
      await pause(ms);
    } finally {
      await client.query('rollback').catch(() => undefined);
      client.release(true);
    }
  },
};

const MOODS: readonly Behaviour[] = [
  { connect: 421 },
  { sender: 451 },
  { recipient: 450 },
  { afterDot: 452 },
  'drop-at-recipient',
  'drop-after-dot',
  'silent-at-recipient',
  'silent-after-dot',
];

const mailServer: Fault = {
  name: 'mail server',
  weight: 4,
  group: 'smtp',
  run: async ({ servers, random, pause, say }) => {
    const mood = random.pick(MOODS);
    const ms = random.between(2_000, 8_000);
    say(`mail server: ${JSON.stringify(mood)} for ${ms} ms`);
    servers.smtp.script(mood);
    await pause(ms);
    servers.smtp.script('accept');
    if (random.chance(0.5)) servers.smtp.release();
    await hurryMails(servers, random.chance(0.3)).catch(() => undefined);
  },
};

export const SERVER_FAULTS: readonly Fault[] = [
  down('kafka', 1.5),
  down('postgres', 2),
  down('registry', 0.7),
  network('kafka', 1.5, 'kafka'),
  network('postgres', 2, 'postgres'),
  network('registry', 1, 'registry'),
  network('smtp', 1.5, 'smtp'),
  terminated,
  stalled,
  mailServer,
];
