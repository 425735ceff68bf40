import type { Kafka } from 'kafkajs';
import type pg from 'pg';
import { leaveForDead } from '../kafka/consumer/leaveForDead.js';
import { deleteMember, writeMember } from '../postgres/presence.js';
import type { Log } from '../support/log.js';
import { reasonOf } from '../support/outage.js';
import type { Presence } from './presence.js';

interface MembershipOptions {
  readonly kafka: Kafka;
  readonly pool: pg.Pool;
  readonly presence: Presence;
  readonly groupId: string;
  readonly log: Log;
}

/**
 * This process's place in a consumer group, on record, so that whoever joins after it was killed need not wait for the
 * end of its session. Nothing here is needed for counting right: whatever fails, the broker's session decides.
 */
export class Membership {
  /** As whom this process joined last, while it has not left. */
  private memberId: string | null = null;
  private recording: Promise<void> = Promise.resolve();

  constructor(private readonly options: MembershipOptions) {}

  /** Joins the group, while the dead are taken out of it. */
  async joining(join: () => Promise<void>): Promise<void> {
    const failed = new AbortController();
    const former = this.memberId;
    void this.clear(former, failed.signal);
    try {
      await join();
    } catch (error) {
      failed.abort();
      throw error;
    }
  }

  /** Puts on record as whom the process is in the group now. */
  joined(memberId: string): void {
    this.memberId = memberId;
    const { pool, presence, groupId } = this.options;
    this.recording = this.recording.then(async () => {
      try {
        await writeMember(pool, groupId, await presence.number(), memberId);
      } catch (error) {
        this.say(error);
      }
    });
  }

  /** The process has left the group in good order. */
  async left(): Promise<void> {
    const { pool, presence, groupId } = this.options;
    await this.recording;
    if (this.memberId === null) return;
    this.memberId = null;
    await presence
      .number()
      .then((number) => deleteMember(pool, groupId, number))
      .catch((error: unknown) => this.say(error));
  }

  private async clear(former: string | null, signal: AbortSignal): Promise<void> {
    const { kafka, presence, groupId, log } = this.options;
    try {
      if (former !== null) await leaveForDead(kafka, groupId, new Set([former]), signal);
      await presence.withDead(groupId, async (dead) => {
        const members = new Set(dead.map(({ memberId }) => memberId));
        await leaveForDead(kafka, groupId, members, signal);
        log.info({ groupId, members: members.size }, 'members that died have left the group');
      });
    } catch (error) {
      if (!signal.aborted) this.say(error);
    }
  }

  private say(error: unknown): void {
    const { groupId, log } = this.options;
    log.warn({ groupId, reason: reasonOf(error) }, 'a member that dies now is waited for');
  }
}
