import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Stack } from '../../src/stack/index.js';

/** As the peer's Postgres is set; fsync and synchronous_commit stay on. */
const SETTINGS = {
  shared_buffers: '512MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  wal_compression: 'on',
  wal_buffers: '16MB',
  jit: 'off',
};

/** The databases of a bench on its one server. */
export class Databases {
  private made = 0;

  constructor(
    private readonly stack: Stack,
    /** Where the server keeps everything. */
    readonly folder: string,
  ) {}

  url(database: string): string {
    const url = new URL(this.stack.addresses.databaseUrl);
    url.pathname = `/${database}`;
    return url.href;
  }

  async tune(): Promise<void> {
    for (const [name, value] of Object.entries(SETTINGS)) {
      await this.asSuperuser(`alter system set ${name} = '${value}'`);
    }
    await this.stack.parts.postgres?.stop();
    await this.stack.parts.postgres?.start();
  }

  async create(name: string): Promise<void> {
    await this.asSuperuser(`create database ${name}`);
  }

  /** A copy of a database that nobody is connected to; its name. */
  async copy(template: string): Promise<string> {
    this.made += 1;
    const name = `${template}_${this.made}`;
    await this.asSuperuser(`create database ${name} template ${template}`);
    await this.asSuperuser('checkpoint');
    return name;
  }

  async drop(name: string): Promise<void> {
    await this.asSuperuser(`drop database ${name} with (force)`);
  }

  /** Connections of one database that are open, other than the one that asks. */
  async connections(name: string): Promise<number> {
    const rows = await this.asSuperuser(
      `select 1 from pg_stat_activity where datname = '${name}' and application_name = 'fair-use'`,
    );
    return rows.length;
  }

  /** Lets a role in that needs no password, from this machine, and gives it a database of its name. */
  async admit(role: string): Promise<void> {
    await this.asSuperuser(`create role ${role} superuser login`);
    await this.asSuperuser(`create database ${role} owner ${role}`);
    const file = join(this.folder, 'pg_hba.conf');
    const { uid, gid } = statSync(file);
    writeFileSync(file, `host all ${role} 127.0.0.1/32 trust\n${readFileSync(file, 'utf8')}`);
    chownSync(file, uid, gid);
    await this.asSuperuser('select pg_reload_conf()');
  }

  private async asSuperuser(statement: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: this.url('postgres') });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  }
}
