import { isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';

/** Line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly col: number;
}

interface PlacedProblem extends Place {
  readonly reason: string;
}

type Path = readonly PropertyKey[];

/** A YAML text as plain values, with the place of each. */
export interface YamlText {
  /** Undefined when the text is no YAML. */
  readonly value: unknown;
  readonly problems: readonly PlacedProblem[];
  /** Where the value at the path stands; where it is missing, the key of the innermost map that there is. */
  placeOf(path: Path): Place;
  /** Where the key that ends the path stands. */
  placeOfKey(path: Path): Place;
}

/**
 * Reads one YAML 1.2 document and refuses what YAML reads differently from what a person means: `12.000`,
 * `0x10` or `0123` for a number, repeated keys, aliases, keys that are no text.
 */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), col: Math.max(col, 1) };
  };
  const faults = [...document.errors, ...document.warnings].map((fault) => ({
    ...place(fault.pos[0]),
    reason: fault.code === 'DUPLICATE_KEY' ? 'the same key stands here twice' : fault.message,
  }));
  const surprises = surprisesIn(document, text).map(({ offset, reason }) => ({ ...place(offset), reason }));
  const broken = document.errors.some(({ code }) => code !== 'DUPLICATE_KEY');
  return {
    value: broken || hasAlias(document) ? undefined : document.toJS(),
    problems: broken ? faults : [...faults, ...surprises],
    placeOf: (path) => place(offsetOf(document, path)),
    placeOfKey: (path) => place(keyOffset(document, path) ?? offsetOf(document, path.slice(0, -1))),
  };
}

function surprisesIn(document: Document, text: string): { offset: number; reason: string }[] {
  const found: { offset: number; reason: string }[] = [];
  visit(document, {
    Alias: (_key, node) => {
      found.push({
        offset: node.range?.[0] ?? 0,
        reason: 'aliases (*name) are not read: write the value out',
      });
    },
    Pair: (_key, { key }) => {
      const plain = isScalar(key) && typeof key.value === 'string' && key.value !== '__proto__';
      if (!plain) {
        const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
        found.push({ offset, reason: 'a key must be plain text: write it in quotes' });
      }
    },
    Scalar: (key, node) => {
      const { value, range } = node;
      if (key === 'key' || typeof value !== 'number' || !range) return;
      const written = text.slice(range[0], range[1]);
      if (!Number.isSafeInteger(value) || value < 0 || written === String(value)) return;
      found.push({
        offset: range[0],
        reason: `${written} would be read as ${value}: write a plain whole number, digits only`,
      });
    },
  });
  return found;
}

function hasAlias(document: Document): boolean {
  let found = false;
  visit(document, {
    Alias: () => {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

function offsetOf(document: Document, path: Path): number {
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  if (path.length === 0) return isNode(node) ? (node.range?.[0] ?? 0) : 0;
  // An empty value (`plans:`) has a place only behind its key.
  const empty = isScalar(node) && node.value === null;
  if (isNode(node) && !isAlias(node) && !empty && !isMap(node)) return node.range?.[0] ?? 0;
  return keyOffset(document, path) ?? offsetOf(document, path.slice(0, -1));
}

function keyOffset(document: Document, path: Path): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
}
