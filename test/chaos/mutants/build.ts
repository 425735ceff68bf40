import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A change to one file of the product as it was built. */
export interface Patch {
  /** Below the project: `dist/…` or `migrations/…`. */
  readonly file: string;
  readonly from: string | RegExp;
  readonly to: string;
}

export interface Copy {
  readonly main: string;
  remove(): void;
}

/** A copy of the build with changes; the build itself stays as it is. Throws when a patch fits nowhere. */
export function patchedBuild(patches: readonly Patch[], more: Readonly<Record<string, string>> = {}): Copy {
  const folder = mkdtempSync(join(tmpdir(), 'fair-use-build-'));
  for (const name of ['dist', 'migrations']) cpSync(resolve(name), join(folder, name), { recursive: true });
  for (const name of ['node_modules', 'schemas', 'policy', 'locales', 'package.json']) {
    symlinkSync(resolve(name), join(folder, name));
  }
  for (const [file, text] of Object.entries(more)) writeFileSync(join(folder, file), text);
  for (const { file, from, to } of patches) {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8');
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`nothing to change in ${file}: ${String(from)}`);
    writeFileSync(path, changed);
  }
  return {
    main: join(folder, 'dist', 'main.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
