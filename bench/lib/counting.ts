import pg from 'pg';
import { readSoFar, type Bench } from './bench.js';
import type { InputTopic } from '../../src/kafka/topics.js';
import { Engine } from './engine.js';
import { CHATS } from './topic.js';
import { until } from './until.js';

export interface EngineOptions {
  /** The database that knows the accounts. */
  readonly base: string;
  readonly roles: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly nodeOptions: readonly string[];
}

interface CountedOptions {
  readonly everyMs?: number;
  readonly topics?: readonly InputTopic[];
}

/** A fresh database, and the processes of the engine that count into it. */
export class Counting {
  readonly engines: Engine[] = [];

  private constructor(
    private readonly bench: Bench,
    readonly database: string,
    readonly db: pg.Pool,
    private readonly options: EngineOptions,
  ) {}

  /** Runs the work, then ends the processes and drops the database. */
  static async with<T>(
    bench: Bench,
    options: EngineOptions,
    work: (counting: Counting) => Promise<T>,
  ): Promise<T> {
    const database = await bench.databases.copy(options.base);
    const db = new pg.Pool({
      connectionString: bench.databases.url(database),
      max: 2,
      options: '-c timezone=UTC',
    });
    const counting = new Counting(bench, database, db, options);
    try {
      return await work(counting);
    } finally {
      await counting.stop();
      await db.end();
      await bench.databases.drop(database);
    }
  }

  /** One process more. */
  async start(further: NodeJS.ProcessEnv = {}): Promise<Engine> {
    const { roles, nodeOptions } = this.options;
    const env = { ...this.bench.env(this.database), ...this.options.env, ...further };
    const engine = await Engine.start({ env, roles, nodeOptions, folder: this.bench.folder });
    this.engines.push(engine);
    return engine;
  }

  /** Resolves when so many events of the topics are counted, or more; throws when a process ends before. */
  async counted(events: number, { everyMs = 20, topics = [CHATS] }: CountedOptions = {}): Promise<void> {
    await until(
      `${events} events are counted`,
      async () => {
        for (const engine of this.engines) engine.assertRunning();
        return (await readSoFar(this.db, ...topics)) >= events;
      },
      { everyMs, withinMs: 1_800_000 },
    );
  }

  /** Resolves when everything that was counted has left: published, and mailed. */
  async settled(withinMs: number): Promise<void> {
    const left = async (): Promise<boolean> => {
      const { rows } = await this.db.query<{ waiting: string }>(
        `select (select count(*) from outbox where published_at is null)
           + (select count(*) from notifications where status = 'PENDING') as waiting`,
      );
      return Number(rows[0]?.waiting) === 0;
    };
    await until('everything has left', left, { withinMs, everyMs: 200 });
  }

  /** Ends all processes in their orderly way. */
  async stop(): Promise<void> {
    for (const engine of this.engines) await engine.end('SIGTERM');
    this.engines.length = 0;
  }

  /** Chat events counted: the sum of the partitions' next offsets. */
  soFar(): Promise<number> {
    return readSoFar(this.db, CHATS);
  }
}
