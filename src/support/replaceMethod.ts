import { createRequire } from 'node:module';

type Method = (...given: never[]) => unknown;

const require = createRequire(import.meta.url);
const replaced = new Set<string>();

/**
 * Replaces a method of one of kafkajs's classes (2.2.4, which is dormant) in this thread. To be called as often as one likes: the
 * first call counts.
 * @param part the file of the class below `kafkajs/src`
 */
export function replaceMethod<T extends object, K extends string & keyof T>(
  part: string,
  name: K,
  made: (original: T[K] & Method) => (this: T, ...given: Parameters<T[K] & Method>) => unknown,
): void {
  if (replaced.has(`${part} ${name}`)) return;
  replaced.add(`${part} ${name}`);
  const { prototype } = require(`kafkajs/src/${part}`) as { prototype: Record<string, unknown> };
  prototype[name] = made(prototype[name] as T[K] & Method);
}
