import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { javaMajor } from '../../src/stack/java.js';
import { dependencyPlugin, install, isInstalled, type Library } from '../../src/stack/library.js';
import { temporaryFolder } from '../support/stack.js';
import { runProgram, untilEnded } from './program.js';

// Real servers and JVMs on a machine that may be busy with other things.
jest.setTimeout(90_000);

let folder: string;
let bin: string;

beforeEach(() => {
  folder = temporaryFolder();
  bin = join(folder, 'bin');
  mkdirSync(bin);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A program on the path that only prints. */
function fake(name: string, prints: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\necho '${prints}' >&2\n`, { mode: 0o755 });
}

describe('a machine that lacks a tool', () => {
  function startKafka() {
    const env = { PATH: bin, JAVA_HOME: '' };
    const dataDir = join(folder, 'data');
    return untilEnded(runProgram(dataDir, 'kafka,postgres', { libDir: join(folder, 'lib'), env }));
  }

  function expectOneLine({ code, said }: { code: number; said: string }, beginning: RegExp): void {
    expect(code).toBe(1);
    expect(said).toMatch(beginning);
    expect(said).toMatch(/apt-get install .* brew install .* or run `docker compose up` instead\.\n$/);
    expect(said.trimEnd().split('\n')).toHaveLength(1);
    expect(existsSync(join(folder, 'data'))).toBe(false);
  }

  it('is told in one line how to get Java, before anything starts', async () => {
    expectOneLine(await startKafka(), /^Java 17 or newer is needed/);
  });

  it('is told that its Java is too old', async () => {
    fake('java', 'openjdk version "11.0.28" 2025-07-15');
    expectOneLine(await startKafka(), /^Java 17 or newer \(Java 11 is too old\) is needed/);
  });

  it('is told how to get Maven when a server is still to be downloaded', async () => {
    fake('java', 'openjdk version "21.0.8" 2025-07-15');
    expectOneLine(await startKafka(), /^Apache Maven is needed/);
  });
});

describe('the version of Java', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['java version "1.8.0_401"', 8],
    ['openjdk version "25" 2025-09-16', 25],
    ['The operation couldn’t be completed. Unable to locate a Java Runtime.', null],
  ])('%s', (output, major) => {
    expect(javaMajor(output)).toBe(major);
  });
});

describe('a server that Maven fetches', () => {
  const { signal: abandon } = new AbortController();
  const library: Library = {
    name: 'sample',
    version: '1.7.36',
    size: '15 kB',
    goal: 'dependency:copy-dependencies',
    pom: `<dependencies><dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version></dependency></dependencies>
      ${dependencyPlugin('<outputDirectory>files</outputDirectory>')}`,
  };

  it('is fetched once, whole, by two who want it at once, and after a fetch that was cut off', async () => {
    const libDir = join(folder, 'lib');
    mkdirSync(join(libDir, 'sample-1.7.36.partial-1', 'files'), { recursive: true });
    const log = (name: string) => join(folder, `${name}.log`);
    expect(isInstalled(libDir, library)).toBe(false);
    const [one, two] = await Promise.all([
      install(library, { libDir, logFile: log('one'), abandon }),
      install(library, { libDir, logFile: log('two'), abandon }),
    ]);
    expect(one).toBe(two);
    expect(readdirSync(one).sort()).toEqual(['slf4j-api-1.7.36.jar', 'slf4j-simple-1.7.36.jar']);
    expect(readdirSync(libDir)).toEqual(['sample-1.7.36']);
    expect([log('one'), log('two')].filter(existsSync)).toHaveLength(1);
  });

  it('says where to look when Maven fails, and leaves nothing half done', async () => {
    const unknown = { ...library, pom: library.pom.replace('slf4j-simple', 'no-such-artifact') };
    const libDir = join(folder, 'lib');
    const logFile = join(folder, 'maven.log');
    await expect(install(unknown, { libDir, logFile, abandon })).rejects.toThrow(
      `downloading sample 1.7.36 with Maven failed (exit code 1); see ${logFile}`,
    );
    expect(isInstalled(libDir, unknown)).toBe(false);
  });
});
