import type pg from 'pg';
import {
  drawProcessNumber,
  forgetDead,
  holdProcess,
  takeDead,
  type DeadMember,
} from '../postgres/presence.js';
import { Backoff } from '../support/backoff.js';
import { within } from './wait.js';

const STOP_WITHIN_MS = 1_000;

/**
 * That this process lives, for others to see: its number, held by a database session that ends with the process,
 * however that ends. A session that breaks is opened again under the same number.
 */
export class Presence {
  private readonly stopping = new AbortController();
  private opening: Promise<pg.PoolClient> | null = null;
  private drawn: number | null = null;

  constructor(private readonly pool: pg.Pool) {}

  /** The number of this process, once it is held. Throws on an outage of the database. */
  async number(): Promise<number> {
    await this.session();
    return this.drawn ?? 0;
  }

  /** Does something with the members of a group whose processes have died; they are forgotten when it succeeds. */
  async withDead(groupId: string, work: (dead: readonly DeadMember[]) => Promise<void>): Promise<void> {
    const self = await this.number();
    const session = await this.session();
    const dead = await takeDead(session, groupId, self);
    if (dead.length === 0) return;
    let left = false;
    try {
      await work(dead);
      left = true;
    } finally {
      await forgetDead(session, groupId, dead, left);
    }
  }

  /** Lets go of the number. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const { opening } = this;
    if (opening === null) return;
    this.opening = null;
    const session = await within(STOP_WITHIN_MS, opening);
    // The session ends with its connection: a pooled one would keep the lock.
    session?.release(true);
  }

  private session(): Promise<pg.PoolClient> {
    this.stopping.signal.throwIfAborted();
    if (this.opening === null) {
      const opening = this.open();
      this.opening = opening;
      opening.catch(() => this.forget(opening));
    }
    return this.opening;
  }

  private async open(): Promise<pg.PoolClient> {
    const session = await this.pool.connect();
    try {
      this.drawn ??= await drawProcessNumber(session);
      await holdProcess(session, this.drawn);
    } catch (error) {
      session.release(true);
      throw error;
    }
    session.once('error', (error: Error) => {
      if (this.stopping.signal.aborted) return;
      this.opening = null;
      session.release(error);
      void this.openAgain();
    });
    return session;
  }

  private forget(opening: Promise<pg.PoolClient>): void {
    if (this.opening === opening) this.opening = null;
  }

  /** Meanwhile others may take this process for dead; its consumers would then join their groups anew. */
  private async openAgain(): Promise<void> {
    const backoff = new Backoff(this.stopping.signal);
    while (!this.stopping.signal.aborted) {
      try {
        await this.session();
        return;
      } catch {
        await backoff.wait();
      }
    }
  }
}
