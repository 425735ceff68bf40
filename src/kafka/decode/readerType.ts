import avro from 'avsc';
import { schemaText } from '../schemas.js';
import type { InputTopic } from '../topics.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Avro promotes string to bytes; read as bytes, broken UTF-8 can be told instead of being replaced silently. */
function stringsAsBytes(schema: Json): Json {
  if (schema === 'string') return 'bytes';
  if (Array.isArray(schema)) return schema.map(stringsAsBytes);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { type, items, fields } = schema;
  return {
    ...schema,
    ...(type !== undefined ? { type: stringsAsBytes(type) } : {}),
    ...(items !== undefined ? { items: stringsAsBytes(items) } : {}),
    ...(fields !== undefined ? { fields: stringsAsBytes(fields) } : {}),
  };
}

const types = new Map<InputTopic, avro.Type>();

/** The reader's type of an input topic: this release's schema with every string read as bytes. */
export function readerType(topic: InputTopic): avro.Type {
  let type = types.get(topic);
  if (type === undefined) {
    type = avro.Type.forSchema(stringsAsBytes(JSON.parse(schemaText(topic)) as Json) as avro.Schema);
    types.set(topic, type);
  }
  return type;
}
