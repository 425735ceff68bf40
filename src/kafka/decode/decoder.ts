import type { Resolver, Type } from 'avsc';
import type { DeadLetterReason } from '../../domain/events.js';
import type { Registry } from '../registry.js';
import type { InputTopic } from '../topics.js';
import { decodeAccount, decodeTombstone } from './account.js';
import { InvalidField, type Decoded } from './decoded.js';
import { id, instant, text } from './fields.js';
import { readerType } from './readerType.js';
import { decodeUsage, usageSource } from './usage.js';
import { walkPlanOf, type WalkPlan } from './walkPlan.js';
import { HEAD_BYTES, schemaIdAt } from './wireFormat.js';

// A producer registers a schema before using it, so an unknown id is wrong now; it need not be wrong for ever.
const UNKNOWN_KEPT_MS = 10_000;

export interface InputRecord {
  readonly topic: InputTopic;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Business time of arrival, epoch ms. */
  readonly arrivedAt: number;
}

type Writer =
  | { readonly resolver: Resolver; readonly plan: WalkPlan | null }
  | { readonly refusal: DeadLetterReason; readonly detail: string };

/** Decodes input records synchronously, with one cached resolver per topic and writer's schema. */
export class Decoder {
  private readonly writers = new Map<InputTopic, Map<number, Writer>>();
  private readonly unknownUntil = new Map<string, number>();

  constructor(private readonly registry: Pick<Registry, 'writerType'>) {}

  /**
   * Fetches the writers' schemas that values of a topic need, by their ids. Throws `RegistryUnavailable`: wait and call again.
   * Null when nothing has to be fetched, which is the rule.
   */
  prepare(topic: InputTopic, schemaIds: Iterable<number>): Promise<void> | null {
    const writers = this.writersOf(topic);
    const missing = new Set<number>();
    for (const schemaId of schemaIds) {
      const expired = (this.unknownUntil.get(`${topic}/${schemaId}`) ?? Infinity) <= performance.now();
      if (!writers.has(schemaId) || expired) missing.add(schemaId);
    }
    return missing.size === 0 ? null : this.fetch(topic, missing);
  }

  /** How records of a writer's schema are walked; null: they are to be decoded. */
  planFor(topic: InputTopic, schemaId: number): WalkPlan | null {
    const writer = this.writers.get(topic)?.get(schemaId);
    return writer !== undefined && 'plan' in writer ? writer.plan : null;
  }

  /** Whether records of a writer's schema can be read. */
  canRead(topic: InputTopic, schemaId: number): boolean {
    const writer = this.writers.get(topic)?.get(schemaId);
    return writer !== undefined && 'resolver' in writer;
  }

  /** What the record is. {@link prepare} must have seen it. */
  decode(record: InputRecord): Decoded {
    try {
      return this.read(record);
    } catch (error) {
      if (error instanceof InvalidField) return refused('INVALID', error.message);
      return refused('UNDECODABLE', error instanceof Error ? error.message : String(error));
    }
  }

  private read({ topic, key, value, arrivedAt }: InputRecord): Decoded {
    if (value === null && topic === 'platform.accounts.v1') return decodeTombstone(key, arrivedAt);
    if (value === null || value.length === 0) return refused('EMPTY', 'the record has no value');
    const schemaId = schemaIdAt(value, 0, value.length);
    if (schemaId < 0) return refused('UNDECODABLE', 'not in the Confluent wire format');
    const writer = this.writersOf(topic).get(schemaId);
    if (writer === undefined) throw new Error(`schema ${schemaId} was not prepared`);
    if ('refusal' in writer) return refused(writer.refusal, writer.detail);
    const raw: unknown = readerType(topic).fromBuffer(value.subarray(HEAD_BYTES), writer.resolver);
    if (topic === 'platform.accounts.v1') return decodeAccount(raw as never, arrivedAt);
    if (topic === 'platform.replies.v1') return decodeReply(raw as never);
    const source = usageSource(topic);
    if (source === undefined) throw new Error(`no decoder for ${topic}`);
    return decodeUsage(source, raw as never, arrivedAt);
  }

  private async fetch(topic: InputTopic, schemaIds: Iterable<number>): Promise<void> {
    for (const schemaId of schemaIds) {
      const key = `${topic}/${schemaId}`;
      const type = await this.registry.writerType(schemaId);
      if (type === null) this.unknownUntil.set(key, performance.now() + UNKNOWN_KEPT_MS);
      else this.unknownUntil.delete(key);
      this.writersOf(topic).set(schemaId, writerOf(topic, schemaId, type));
    }
  }

  private writersOf(topic: InputTopic): Map<number, Writer> {
    let writers = this.writers.get(topic);
    if (writers === undefined) this.writers.set(topic, (writers = new Map<number, Writer>()));
    return writers;
  }
}

function writerOf(topic: InputTopic, schemaId: number, type: Type | null): Writer {
  if (type === null) return { refusal: 'UNKNOWN_SCHEMA', detail: `the registry knows no schema ${schemaId}` };
  try {
    const source = usageSource(topic);
    return {
      resolver: readerType(topic).createResolver(type),
      plan: source === undefined ? null : walkPlanOf(type, source),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { refusal: 'UNDECODABLE', detail: `schema ${schemaId} cannot be read as ${topic}: ${why}` };
  }
}

interface RawReply {
  readonly eventId: Buffer;
  readonly accountId: Buffer;
  readonly notificationId: Buffer | null;
  readonly channel: Buffer;
  readonly occurredAt: number;
}

function decodeReply(raw: RawReply): Decoded {
  return {
    kind: 'reply',
    event: {
      eventId: id(raw.eventId, 'eventId'),
      accountId: id(raw.accountId, 'accountId'),
      notificationId: raw.notificationId === null ? null : id(raw.notificationId, 'notificationId'),
      channel: text(raw.channel),
      occurredAt: instant(raw.occurredAt, 'occurredAt'),
    },
  };
}

function refused(reason: DeadLetterReason, detail: string): Decoded {
  return { kind: 'refused', refusal: { reason, detail: detail.replaceAll('\0', '\\0') } };
}
