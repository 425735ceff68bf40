import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type { Type } from 'avsc';
import { setTimeout as sleep } from 'node:timers/promises';
import { AVRO_TOPICS, INPUT_TOPICS, type InputTopic, type OutputTopic } from './topics.js';
import { schemaText, schemaType } from './schemas.js';

// Any topic whose schema a registry that makes sense has, whatever the platform publishes.
const KNOWN_TOPIC: OutputTopic = 'fair-use.notifications.v1';
const CONFLICT = 409;
const CONFLICT_ATTEMPTS = 6;
const CONFLICT_PAUSE_MS = 50;

/** The registry could not be asked or did not make sense: wait and ask again; no record is at fault. */
export class RegistryUnavailable extends Error {
  override readonly name = 'RegistryUnavailable';
}

function statusOf(error: unknown): number | undefined {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' ? status : undefined;
}

// What the client says of an answer that carries no message of a registry.
const NO_ANSWER = / - Error, status \d+/;

/** The registry says that there is no such thing; a page of something between us and it is no answer. */
function isAnswer404(error: unknown): boolean {
  if (!(error instanceof Error) || NO_ANSWER.test(error.message)) return false;
  // The client turns the answer 404 to one of its calls, and no other, into an error of its own.
  return statusOf(error) === 404 || error.constructor.name === 'ConfluentSchemaRegistryError';
}

/** An answer without an id is none, whatever its status. */
function sound(id: unknown): number {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0) return id;
  throw new Error('the answer makes no sense: it has no id');
}

function unavailable(what: string, error: unknown): RegistryUnavailable {
  const reason = error instanceof Error ? error.message : String(error);
  return new RegistryUnavailable(`schema registry: ${what}: ${reason}`, { cause: error });
}

// The client sets a subject's compatibility by itself, but after its first version only.
interface ConfigApi {
  readonly Subject: {
    updateConfig(request: { subject: string; body: { compatibility: string } }): Promise<unknown>;
  };
}

/** The schema registry as the engine uses it; every call throws {@link RegistryUnavailable} when it cannot be asked. */
export class Registry {
  private readonly client: SchemaRegistry;

  constructor(private readonly url: string) {
    this.client = this.newClient();
  }

  private newClient(): SchemaRegistry {
    return new SchemaRegistry({
      host: this.url.replace(/\/+$/, ''),
      retry: { maxRetryTimeInSecs: 2, initialRetryTimeInSecs: 0.1, retries: 2 },
    });
  }

  /**
   * Asks the registry itself, past every cache, whether it has this release's schema of a topic and gives it back.
   * @throws RegistryUnavailable when it does not
   */
  async check(topic: OutputTopic): Promise<void> {
    const id = await this.idOf(topic);
    if (id === null)
      throw new RegistryUnavailable(`schema registry: it has no schema of ${topic} as we write it`);
    let type: Type;
    try {
      type = (await this.newClient().getSchema(id)) as unknown as Type;
    } catch (error) {
      throw unavailable(`schema ${id}`, error);
    }
    if (!type.fingerprint().equals(schemaType(topic).fingerprint())) {
      throw new RegistryUnavailable(`schema registry: schema ${id} is not the one of ${topic}`);
    }
  }

  /**
   * The writer's schema of an id, or `null` when the registry knows no such id.
   * @throws RegistryUnavailable also when it has lost what it did know: records of good writers must not suffer for that
   */
  async writerType(id: number): Promise<Type | null> {
    try {
      return (await this.client.getSchema(id)) as unknown as Type;
    } catch (error) {
      if (!isAnswer404(error)) throw unavailable(`schema ${id}`, error);
    }
    await this.check(KNOWN_TOPIC);
    return null;
  }

  /** The id under which this release's schema of a topic is registered, or `null` when it is not. */
  async idOf(topic: InputTopic | OutputTopic): Promise<number | null> {
    try {
      return sound(
        await this.client.getRegistryIdBySchema(`${topic}-value`, {
          type: SchemaType.AVRO,
          schema: schemaText(topic),
        }),
      );
    } catch (error) {
      if (isAnswer404(error)) return null;
      throw unavailable(`subject ${topic}-value`, error);
    }
  }

  private async subjectExists(topic: string): Promise<boolean> {
    try {
      sound(await this.client.getLatestSchemaId(`${topic}-value`));
      return true;
    } catch (error) {
      if (isAnswer404(error)) return false;
      throw unavailable(`subject ${topic}-value`, error);
    }
  }

  /**
   * Registers what is missing: input subjects that do not exist (one that exists belongs to the platform), and this
   * release's schema of every output topic. Nothing registered is ever overwritten.
   */
  async registerMissing(): Promise<string[]> {
    const missing = new Set<string>();
    // All are asked for before one that failed is told of: none is still under way when it is tried again.
    const asked = await Promise.allSettled(
      AVRO_TOPICS.map(async (topic) => {
        if (await this.registerIfMissing(topic)) missing.add(topic);
      }),
    );
    const failed = asked.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return AVRO_TOPICS.filter((topic) => missing.has(topic)).map((topic) => `${topic}-value`);
  }

  /** Before there is any version: whoever dies in between leaves no subject that takes everything. */
  private async demandFull(topic: InputTopic | OutputTopic): Promise<void> {
    const { api } = this.client as unknown as { api: ConfigApi };
    await api.Subject.updateConfig({
      subject: `${topic}-value`,
      body: { compatibility: COMPATIBILITY.FULL },
    });
  }

  private async registerIfMissing(topic: InputTopic | OutputTopic): Promise<boolean> {
    const isInput = (INPUT_TOPICS as readonly string[]).includes(topic);
    for (let attempt = 1; ; attempt += 1) {
      const present = isInput ? await this.subjectExists(topic) : (await this.idOf(topic)) !== null;
      if (present) return false;
      try {
        if (!(await this.subjectExists(topic))) await this.demandFull(topic);
        await this.client.register(
          { type: SchemaType.AVRO, schema: schemaText(topic) },
          { subject: `${topic}-value`, compatibility: COMPATIBILITY.FULL },
        );
        return true;
      } catch (error) {
        // Another process that registers right now is a conflict too, and then the subject is there in a moment.
        const again = statusOf(error) === CONFLICT && attempt < CONFLICT_ATTEMPTS;
        if (!again) throw unavailable(`registering ${topic}-value`, error);
        await sleep(CONFLICT_PAUSE_MS * attempt * (0.5 + Math.random()));
      }
    }
  }
}
