import type { Registry } from './registry.js';
import { frame, schemaType } from './schemas.js';
import type { OutputTopic } from './topics.js';

/** The record does not fit the schema of its topic: a bug, and publishing again would not mend it. */
export class Unencodable extends Error {
  override readonly name = 'Unencodable';
}

/** Our schema of a topic is not registered. */
export class SchemaNotRegistered extends Error {
  override readonly name = 'RegistryUnavailable';
}

/** Encodes outgoing records under the ids that this release's schemas have in the registry. */
export class Encoder {
  private readonly ids = new Map<OutputTopic, number>();

  constructor(private readonly registry: Pick<Registry, 'idOf'>) {}

  /** Throws `RegistryUnavailable` when the registry cannot be asked, {@link Unencodable} when the record is wrong. */
  async encode(topic: OutputTopic, record: unknown): Promise<Buffer> {
    let id = this.ids.get(topic);
    if (id === undefined) {
      const found = await this.registry.idOf(topic);
      if (found === null) throw new SchemaNotRegistered(`${topic}-value is not registered: run migrate`);
      this.ids.set(topic, (id = found));
    }
    try {
      return frame(id, schemaType(topic).toBuffer(record));
    } catch (error) {
      throw new Unencodable(error instanceof Error ? error.message : String(error));
    }
  }
}
