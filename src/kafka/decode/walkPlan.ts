import type { Type } from 'avsc';
import type { Source } from './usage.js';

/** What to do with a field of the writer's record, in its order. */
export const enum Step {
  skipText,
  skipNumber,
  skipByte,
  skip4,
  skip8,
  skipOptionalText,
  skipOptionalNumber,
  checkId,
  eventId,
  account,
  workspace,
  countedId,
  type,
  amount,
  occurredAt,
}

export interface WalkPlan {
  readonly steps: readonly Step[];
  /** By the writer's number of a type: whether it counts; null: there is no type, every event counts. */
  readonly counts: readonly boolean[] | null;
}

interface RecordType extends Type {
  readonly fields: readonly { readonly name: string; readonly type: Type }[];
}

/**
 * How to walk the bytes of a writer's records without making objects; null: this writer's schema has something that is
 * not walked, and its records are read by the general decoder.
 */
export function walkPlanOf(writer: Type, { idField, counts }: Source): WalkPlan | null {
  if (writer.typeName !== 'record') return null;
  const wanted: Partial<Record<string, readonly [Step, string]>> = {
    eventId: [Step.eventId, 'string'],
    botId: [Step.checkId, 'string'],
    accountId: [Step.account, 'string'],
    workspaceId: [Step.workspace, 'string'],
    [idField]: [Step.countedId, 'string'],
    occurredAt: [Step.occurredAt, 'long'],
    ...(counts === null ? { sizeBytes: [Step.amount, 'long'] } : { type: [Step.type, 'enum'] }),
  };
  const { fields } = writer as RecordType;
  const names = new Set(fields.map(({ name }) => name));
  const needed = Object.keys(wanted).filter((name) => name !== 'botId');
  if (!needed.every((name) => names.has(name))) return null;
  const steps: Step[] = [];
  for (const { name, type } of fields) {
    const found = wanted[name];
    const step = found === undefined ? skipping(type) : type.typeName === found[1] ? found[0] : null;
    if (step === null) return null;
    steps.push(step);
  }
  if (counts === null) return { steps, counts: null };
  const type = fields.find(({ name }) => name === 'type')?.type as unknown as { symbols: readonly string[] };
  return { steps, counts: type.symbols.map((symbol) => symbol === counts) };
}

function skipping(type: Type): Step | null {
  switch (type.typeName) {
    case 'string':
    case 'bytes':
      return Step.skipText;
    case 'int':
    case 'long':
    case 'enum':
      return Step.skipNumber;
    case 'boolean':
      return Step.skipByte;
    case 'float':
      return Step.skip4;
    case 'double':
      return Step.skip8;
    case 'union:unwrapped':
    case 'union:wrapped':
      return skippingOptional(type);
    default:
      return null;
  }
}

function skippingOptional(type: Type): Step | null {
  const { types } = type as unknown as { types: readonly Type[] };
  const [none, some] = types;
  if (types.length !== 2 || none?.typeName !== 'null' || some === undefined) return null;
  const step = skipping(some);
  if (step === Step.skipText) return Step.skipOptionalText;
  return step === Step.skipNumber ? Step.skipOptionalNumber : null;
}
