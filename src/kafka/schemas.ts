import { readFileSync } from 'node:fs';
import avro from 'avsc';
import type { InputTopic, OutputTopic } from './topics.js';

const SCHEMAS = new URL('../../schemas/', import.meta.url);

/** The Avro schema of a topic's values as this release knows it, as the text in `schemas/`. */
export function schemaText(topic: InputTopic | OutputTopic): string {
  return readFileSync(new URL(`${topic}.avsc`, SCHEMAS), 'utf8');
}

const types = new Map<string, avro.Type>();

/** The same as an avsc type, parsed once. */
export function schemaType(topic: InputTopic | OutputTopic): avro.Type {
  const known = types.get(topic);
  if (known !== undefined) return known;
  const type = avro.Type.forSchema(JSON.parse(schemaText(topic)) as avro.Schema);
  types.set(topic, type);
  return type;
}

/** The Confluent wire format: a zero byte, the schema id (big endian), the Avro body. */
export function frame(schemaId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(schemaId, 1);
  return Buffer.concat([head, body]);
}
