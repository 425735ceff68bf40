import type { Type } from 'avsc';
import { schemaText, schemaType } from '../schemas.js';
import type { InputTopic } from '../topics.js';
import { converterOf, ShapeProblem, type Converter } from './shape.js';

/** A record ready to be sent (value null: a tombstone), or why its value cannot be one. */
export type Encoded =
  | { readonly ok: true; readonly key: string; readonly value: Buffer | null }
  | { readonly ok: false; readonly problem: string };

interface Codec {
  readonly convert: Converter;
  readonly type: Type;
  /** Names of the top-level ids that the record holds. */
  readonly ids: readonly string[];
}

const HEADER_BYTES = 5;
const MAX_ID_CHARACTERS = 200;
const codecs = new Map<InputTopic, Codec>();
// Grows to the largest record seen; what leaves is a copy.
let scratch = Buffer.alloc(4_096);

function codecOf(topic: InputTopic): Codec {
  const known = codecs.get(topic);
  if (known !== undefined) return known;
  const schema = JSON.parse(schemaText(topic)) as Parameters<typeof converterOf>[0] & {
    fields: { name: string }[];
  };
  const ids = schema.fields.map(({ name }) => name).filter((name) => name.endsWith('Id'));
  const codec = { convert: converterOf(schema), type: schemaType(topic), ids };
  codecs.set(topic, codec);
  return codec;
}

/**
 * Encodes one value of a platform topic in the Confluent wire format. Absent fields take the schema's default, times
 * may be epoch milliseconds or RFC 3339. A problem names the field: `contacts[0].email: is missing`.
 */
export function encodeValue(topic: InputTopic, schemaId: number, value: unknown): Encoded {
  const codec = codecOf(topic);
  try {
    const converted = codec.convert(value, '') as Record<string, unknown>;
    for (const name of codec.ids) checkId(name, converted[name]);
    checkRanges(converted);
    return { ok: true, key: converted['accountId'] as string, value: frame(codec.type, schemaId, converted) };
  } catch (error) {
    if (error instanceof ShapeProblem) return { ok: false, problem: error.message };
    throw error;
  }
}

/** A tombstone of the accounts topic: closes the account. */
export function encodeTombstone(accountId: unknown): Encoded {
  try {
    if (typeof accountId !== 'string') {
      throw new ShapeProblem('key', 'a tombstone needs the account id as "key"');
    }
    checkId('key', accountId);
    return { ok: true, key: accountId, value: null };
  } catch (error) {
    if (error instanceof ShapeProblem) return { ok: false, problem: error.message };
    throw error;
  }
}

/** Contract §2: ids have 1–200 characters, none of them U+0000. */
function checkId(name: string, id: unknown): void {
  if (typeof id !== 'string') return;
  if (id === '') throw new ShapeProblem(name, 'an id must not be empty');
  if (id.length > MAX_ID_CHARACTERS && Array.from(id).length > MAX_ID_CHARACTERS) {
    throw new ShapeProblem(name, `an id has at most ${MAX_ID_CHARACTERS} characters`);
  }
  if (id.includes('\0')) throw new ShapeProblem(name, 'an id must not contain U+0000');
  if (!id.isWellFormed()) throw new ShapeProblem(name, 'is not valid Unicode (a lone surrogate)');
}

/** What the engine would only put among the dead letters. */
function checkRanges(value: Readonly<Record<string, unknown>>): void {
  const { sizeBytes, billingAnchorDay: day } = value;
  if (typeof sizeBytes === 'number' && sizeBytes < 0) {
    throw new ShapeProblem('sizeBytes', 'must not be negative');
  }
  if (typeof day === 'number' && (day < 1 || day > 31)) {
    throw new ShapeProblem('billingAnchorDay', 'must be from 1 to 31');
  }
}

function frame(type: Type, schemaId: number, value: unknown): Buffer {
  let end = type.encode(value, scratch, HEADER_BYTES);
  if (end < 0) {
    scratch = Buffer.alloc((scratch.length - end) * 2);
    end = type.encode(value, scratch, HEADER_BYTES);
  }
  scratch[0] = 0;
  scratch.writeUInt32BE(schemaId, 1);
  return Buffer.from(scratch.subarray(0, end));
}
