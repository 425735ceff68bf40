import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { patchedBuild } from '../mutants/build.js';
import { Engine } from '../world/engine.js';
import type { Scenario } from './counting.js';
import { chats, known, type Stage } from './stage.js';

/** Where the tables of a full disk lie: a file system of a few megabytes. Null: this machine lets nobody mount one. */
function smallDisk(): { path: string; remove: () => void } | null {
  const path = mkdtempSync(join(tmpdir(), 'fair-use-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m,mode=0700', 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    rmdirSync(path);
    return null;
  }
  const remove = (): void => {
    execFileSync('umount', ['-l', path]);
    rmdirSync(path);
  };
  return { path, remove };
}

/** Whoever owns the data folder of the running Postgres. */
async function ownerOf(stage: Stage): Promise<{ uid: number; gid: number }> {
  const [row] = await stage.servers.rows<{ data_directory: string }>('show data_directory');
  return statSync(row?.data_directory ?? '/');
}

/**
 * The disk of the database is full in the middle of the counting: everything waits, says so, and goes on when there is
 * room again. Returns null where no small file system can be mounted.
 */
export async function diskFull(stage: Stage): Promise<string[] | null> {
  const disk = smallDisk();
  if (disk === null) return null;
  try {
    const { uid, gid } = await ownerOf(stage);
    chownSync(disk.path, uid, gid);
    chmodSync(disk.path, 0o700);
    await stage.servers.rows(`create tablespace small location '${disk.path}'`);
    await stage.run('all', ['processor', 'relay', 'mailer']);
    for (const table of ['usage_buckets', 'windows', 'outbox', 'crossings', 'notifications', 'violations']) {
      await stage.servers.rows(`alter table ${table} set tablespace small`);
    }
    await stage.publish([known('a1', 'pro'), ...chats('a1', 100)]);
    await stage.counted();
    const filler = join(disk.path, 'filler');
    fill(filler);
    const many = Array.from({ length: 60 }, (_, n) => `b${n}`);
    await stage.publish(many.map((id) => known(id, 'pro')));
    await stage.publish(many.flatMap((id) => chats(id, 60)));
    const engine = stage.fleet.engine('all');
    await stage.until('the engine says that the disk is full', () =>
      /No space left/i.test(engine?.log() ?? ''),
    );
    rmSync(filler);
    await stage.counted();
    return await stage.verdict();
  } finally {
    await stage.fleet.stop('SIGKILL');
    await stage.servers.stack.parts.postgres?.stop();
    disk.remove();
  }
}

function fill(file: string): void {
  const block = Buffer.alloc(64 * 1024);
  const chunk = Buffer.concat(Array.from({ length: 16 }, () => block));
  try {
    for (let n = 0; n < 64; n += 1) writeFileSync(file, chunk, { flag: 'a' });
  } catch {
    // Full, as wanted.
  }
}

const NEXT_RELEASE = `alter table windows add column next_release text;
create table next_release (account_id text primary key, note text not null);
create index next_release_windows on windows (account_id) where next_release is not null;
`;

/**
 * Processes of this release run while \`migrate\` of a next one adds a column, a table and an index; then each is replaced
 * by one of the next release, under load all the time.
 */
export const rollingDeploy: Scenario = async (stage) => {
  const next = patchedBuild([], { 'migrations/9999_next_release.sql': NEXT_RELEASE });
  try {
    const names = ['one', 'two'];
    for (const name of names) await stage.run(name, ['processor', 'relay', 'mailer', 'scheduler']);
    const ids = ['a1', 'a2', 'a3', 'a4'];
    await stage.publish(ids.map((id) => known(id, 'pro')));
    let sent = 0;
    const load = async (): Promise<void> => {
      await stage.publish(ids.flatMap((id) => chats(id, 200, sent)));
      sent += 200;
    };
    await load();
    stage.fleet.main = next.main;
    const replaced = [stage.fleet.restart('one', 'SIGTERM'), load()];
    await Promise.all(replaced);
    await stage.untilRuns('one');
    await load();
    await stage.counted();
    await Promise.all([stage.fleet.restart('two', 'SIGTERM'), load()]);
    await stage.untilRuns('two');
    for (let n = 0; n < 5; n += 1) await load();
    await stage.counted();
    const [row] = await stage.servers.rows<{ found: string | null }>(
      `select to_regclass('next_release') as found`,
    );
    const migrated = row?.found === null ? ['the next release did not migrate'] : [];
    return [...migrated, ...(await stage.verdict())];
  } finally {
    await stage.fleet.stop('SIGKILL');
    next.remove();
  }
};

/** The code and the last line of a processor that begins where input is missing. */
async function endOf(stage: Stage): Promise<{ code: number | null; line: string }> {
  const launch = { name: 'lost', roles: ['processor'], env: stage.servers.env(), folder: stage.folder };
  const engine = new Engine(launch);
  const end = await engine.ended;
  return { code: end.code, line: engine.lastLines(1) };
}

const CHATS = 'platform.chats.v1';

async function counted(stage: Stage): Promise<void> {
  await stage.run('p1', ['processor']);
  await stage.publish([known('a1', 'pro'), ...chats('a1', 50)]);
  await stage.counted();
  await stage.fleet.remove('p1', 'SIGTERM');
}

/** What was not read yet is deleted by retention: no process goes on as if nothing were missing. */
export async function deletedUnread(stage: Stage): Promise<{ code: number | null; line: string }> {
  await counted(stage);
  await stage.publish(chats('a1', 50, 50));
  const admin = stage.servers.kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(CHATS);
  const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
  await admin.deleteTopicRecords({ topic: CHATS, partitions });
  await admin.disconnect();
  return endOf(stage);
}

/** A topic is deleted and created anew, with other records at the same offsets. */
export async function topicRecreated(stage: Stage): Promise<{ code: number | null; line: string }> {
  await counted(stage);
  const admin = stage.servers.kafka.admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [CHATS] });
  await stage.until('the topic is gone', async () => !(await admin.listTopics()).includes(CHATS));
  const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
  const topics = [{ topic: CHATS, numPartitions: 8, configEntries }];
  await stage.until('the topic is there again', async () => {
    await admin.createTopics({ topics, waitForLeaders: false }).catch(() => undefined);
    return (await admin.listTopics()).includes(CHATS);
  });
  await admin.disconnect();
  await stage.publish(chats('a1', 60, 100));
  return endOf(stage);
}
