import { readdirSync, readFileSync } from 'node:fs';

const LOCALES = new URL('../../../locales/', import.meta.url);
const FALLBACK = 'en';

/** The texts of one language. */
export interface Catalogue {
  /** BCP 47, of the texts. */
  readonly lang: string;
  readonly dir: 'ltr' | 'rtl';
  /** BCP 47, of numbers and dates. */
  readonly formats: string;
  /**
   * The text of a key, with `{name}` replaced by the value of that name.
   * @throws RangeError for a key or a value that does not exist: a text that is wrong must not go out
   */
  text(key: string, values?: Readonly<Record<string, string>>): string;
  has(key: string): boolean;
}

const catalogues = new Map<string, Catalogue>();
for (const file of readdirSync(LOCALES).filter((name) => name.endsWith('.json'))) {
  const texts = JSON.parse(readFileSync(new URL(file, LOCALES), 'utf8')) as Record<string, string>;
  catalogues.set(file.replace(/\.json$/, ''), catalogueOf(file, new Map(Object.entries(texts))));
}

function catalogueOf(file: string, texts: ReadonlyMap<string, string>): Catalogue {
  const raw = (key: string): string => {
    const found = texts.get(key);
    if (found === undefined) throw new RangeError(`locales/${file} has no text "${key}"`);
    return found;
  };
  return {
    lang: raw('lang'),
    dir: raw('dir') === 'rtl' ? 'rtl' : 'ltr',
    formats: raw('formats'),
    has: (key) => texts.has(key),
    text: (key, values = {}) =>
      raw(key).replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = values[name];
        if (value === undefined)
          throw new RangeError(`"${key}" in locales/${file} wants a value for {${name}}`);
        return value;
      }),
  };
}

/** The catalogue for a BCP 47 tag: the same tag, its language in any region, else English. */
export function catalogueFor(tag: string): Catalogue {
  const wanted = tag.toLowerCase().replaceAll('_', '-');
  const language = wanted.split('-')[0];
  const names = [...catalogues.keys()];
  const name =
    names.find((shipped) => shipped.toLowerCase() === wanted) ??
    names.find((shipped) => shipped === language) ??
    names.find((shipped) => shipped.toLowerCase().split('-')[0] === language) ??
    FALLBACK;
  const catalogue = catalogues.get(name);
  if (catalogue === undefined) throw new RangeError(`locales/${FALLBACK}.json is missing`);
  return catalogue;
}
