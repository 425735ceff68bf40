import { INPUT_TOPICS, type InputTopic } from '../topics.js';
import { encodeTombstone, encodeValue } from './encode.js';

/** One line of a backfill file, checked and ready to be sent, or why it cannot be. */
export type PublishLine =
  | { readonly ok: true; readonly topic: InputTopic; readonly key: string; readonly value: Buffer | null }
  | { readonly ok: false; readonly problem: string };

/** What a line says, before its value is looked at. */
export type Envelope =
  | {
      readonly ok: true;
      readonly topic: InputTopic;
      readonly value: unknown;
      readonly key: unknown;
    }
  | { readonly ok: false; readonly problem: string };

const ACCOUNTS: InputTopic = 'platform.accounts.v1';
const TOPICS: ReadonlySet<unknown> = new Set(INPUT_TOPICS);
const MEMBERS: ReadonlySet<string> = new Set(['topic', 'value', 'key']);

function wrong(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}

/** Reads `{"topic": …, "value": …}`; a `"key"` (the account id) is needed for a tombstone only. */
export function parseLine(text: string): Envelope {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch (error) {
    return wrong(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof line !== 'object' || line === null || Array.isArray(line)) {
    return wrong('not an object; {"topic": …, "value": {…}} is needed');
  }
  const stranger = Object.keys(line).find((name) => !MEMBERS.has(name));
  if (stranger !== undefined) return wrong(`${stranger}: is not a member of a line (topic, value, key)`);
  const { topic, value, key } = line as Readonly<Record<string, unknown>>;
  if (!TOPICS.has(topic)) {
    const what = topic === undefined ? 'is missing' : `is ${JSON.stringify(topic).slice(0, 80)}`;
    return wrong(`topic: ${what}; allowed: ${INPUT_TOPICS.join(', ')}`);
  }
  if (value === undefined) return wrong('value: is missing');
  return { ok: true, topic: topic as InputTopic, value, key };
}

/** Encodes what a line says under the schema id of its topic. */
export function encodeLine(envelope: Envelope & { readonly ok: true }, schemaId: number): PublishLine {
  const { topic, value, key } = envelope;
  if (value === null && topic !== ACCOUNTS) return wrong(`value: only ${ACCOUNTS} takes null (a tombstone)`);
  const encoded = value === null ? encodeTombstone(key) : encodeValue(topic, schemaId, value);
  if (!encoded.ok) return encoded;
  if (key !== undefined && key !== encoded.key) return wrong('key: differs from the accountId of the value');
  return { ...encoded, topic };
}
