import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StackError } from './types.js';

const run = promisify(execFile);
const OLDEST_JAVA = 17;

/** What a missing tool costs and how to get it, in one line. */
function missing(what: string, debian: string, brew: string): StackError {
  return new StackError(
    `${what} is needed for the embedded Kafka and schema registry and was not found: install it ` +
      `(Debian, Ubuntu: apt-get install -y ${debian}; macOS: brew install ${brew}), ` +
      'or run `docker compose up` instead.',
  );
}

/** Major version out of what `java -version` prints; null when it prints something else. */
export function javaMajor(output: string): number | null {
  const match = /version "(?:1\.)?(\d+)/.exec(output);
  return match?.[1] === undefined ? null : Number(match[1]);
}

/**
 * The java to run: `JAVA_HOME`'s, else the one on the path.
 * @throws StackError when there is none or it is too old
 */
export async function findJava(): Promise<string> {
  const home = process.env['JAVA_HOME'];
  const candidates = [...(home === undefined || home === '' ? [] : [join(home, 'bin', 'java')]), 'java'];
  let tooOld: number | null = null;
  for (const java of candidates) {
    const output = await run(java, ['-version']).then(
      ({ stderr, stdout }) => stderr + stdout,
      () => '',
    );
    const major = javaMajor(output);
    if (major !== null && major >= OLDEST_JAVA) return java;
    tooOld ??= major;
  }
  const found = tooOld === null ? '' : ` (Java ${tooOld} is too old)`;
  throw missing(`Java ${OLDEST_JAVA} or newer${found}`, 'openjdk-17-jre-headless', 'openjdk@17');
}

/** @throws StackError when Maven is not there; it is needed only to download servers, once */
export async function requireMaven(): Promise<void> {
  try {
    await run('mvn', ['-v']);
  } catch {
    throw missing('Apache Maven', 'maven', 'maven');
  }
}
