import { parseInstant } from '../../support/instant.js';

/** Why a value does not fit its schema: where (`contacts[0].email`), and what is wrong there. */
export class ShapeProblem extends Error {
  override readonly name = 'ShapeProblem';

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
  }
}

/** Turns a JSON value into what avsc encodes, or throws a {@link ShapeProblem}. */
export type Converter = (value: unknown, path: string) => unknown;

/** The part of Avro's schema language that the platform's schemas are written in. */
type Schema =
  | string
  | readonly Schema[]
  | { readonly type: 'record'; readonly fields: readonly Field[] }
  | { readonly type: 'enum'; readonly symbols: readonly string[] }
  | { readonly type: 'array'; readonly items: Schema }
  | { readonly type: 'long'; readonly logicalType?: string };

interface Field {
  readonly name: string;
  readonly type: Schema;
  readonly default?: unknown;
}

const INT_MAX = 2_147_483_647;

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

function needed(path: string, what: string, value: unknown): ShapeProblem {
  return new ShapeProblem(path, `${what} is needed, not ${shown(value)}`);
}

const string: Converter = (value, path) => {
  if (typeof value !== 'string') throw needed(path, 'a string', value);
  // A lone surrogate has no UTF-8: the encoder would replace it, and two strings could become the same.
  if (!value.isWellFormed()) throw new ShapeProblem(path, 'is not valid Unicode (a lone surrogate)');
  return value;
};

const boolean: Converter = (value, path) => {
  if (typeof value !== 'boolean') throw needed(path, 'true or false', value);
  return value;
};

function integer(max: number, what: string): Converter {
  return (value, path) => {
    if (!Number.isInteger(value) || Math.abs(value as number) > max) throw needed(path, what, value);
    return value;
  };
}

const int = integer(INT_MAX, 'a whole number within 32 bits');
const long = integer(Number.MAX_SAFE_INTEGER, 'a whole number up to 2^53');

const instant: Converter = (value, path) => {
  if (Number.isSafeInteger(value)) return value;
  const parsed = typeof value === 'string' ? parseInstant(value) : null;
  if (parsed === null) throw needed(path, 'epoch milliseconds or an RFC 3339 time with an offset', value);
  return parsed;
};

function enumeration(symbols: readonly string[]): Converter {
  const allowed = new Set(symbols);
  return (value, path) => {
    if (typeof value !== 'string' || !allowed.has(value)) {
      throw needed(path, `one of ${symbols.join(', ')}`, value);
    }
    return value;
  };
}

function array(items: Converter): Converter {
  return (value, path) => {
    if (!Array.isArray(value)) throw needed(path, 'a list', value);
    return value.map((item, index) => items(item, `${path}[${index}]`));
  };
}

function record(fields: readonly Field[]): Converter {
  const known = new Set(fields.map(({ name }) => name));
  const members = fields.map((field) => ({
    name: field.name,
    convert: converterOf(field.type),
    fallback: field.default,
    required: !('default' in field),
  }));
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw needed(path, 'an object', value);
    }
    const given = value as Readonly<Record<string, unknown>>;
    const prefix = path === '' ? '' : `${path}.`;
    for (const name of Object.keys(given)) {
      if (!known.has(name)) throw new ShapeProblem(prefix + name, 'is not a field of this record');
    }
    const result: Record<string, unknown> = {};
    for (const { name, convert, fallback, required } of members) {
      const present = Object.hasOwn(given, name);
      if (!present && required) throw new ShapeProblem(prefix + name, 'is missing');
      result[name] = present ? convert(given[name], prefix + name) : fallback;
    }
    return result;
  };
}

/** The converter of an Avro schema, built once and used for every value. */
export function converterOf(schema: Schema): Converter {
  if (isUnion(schema)) return nullable(schema);
  const type = typeof schema === 'string' ? { type: schema } : schema;
  if ('fields' in type) return record(type.fields);
  if ('symbols' in type) return enumeration(type.symbols);
  if ('items' in type) return array(converterOf(type.items));
  if ('logicalType' in type) return instant;
  const primitive = { string, boolean, int, long }[type.type];
  if (primitive === undefined) throw new Error(`no converter for Avro type ${type.type}`);
  return primitive;
}

function isUnion(schema: Schema): schema is readonly Schema[] {
  return Array.isArray(schema);
}

function nullable([first, other]: readonly Schema[]): Converter {
  if (first !== 'null' || other === undefined) throw new Error('only unions of null and one type are known');
  const convert = converterOf(other);
  return (value, path) => (value === null ? null : convert(value, path));
}
