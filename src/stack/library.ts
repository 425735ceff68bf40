import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireLock, type Lock } from './lock.js';
import { runToEnd } from './supervise.js';

/** A server that Maven can fetch. */
export interface Library {
  name: string;
  version: string;
  /** Size of the download, for people. */
  size: string;
  /** `<dependencies>` and `<build>` of the small pom that fetches it. */
  pom: string;
  /** Maven goal that puts the files into the folder `files` beside the pom. */
  goal: string;
}

/**
 * The 3.x line reads the parent poms of what it fetches, and that of the registry is not on Maven Central
 * for every version; 2.10 fetches the file that was asked for.
 */
const DEPENDENCY_PLUGIN = '2.10';

/** The plugin with the goal's own settings, for a pom. */
export function dependencyPlugin(configuration: string): string {
  return `<build><plugins><plugin>
    <groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId>
    <version>${DEPENDENCY_PLUGIN}</version>
    <configuration>${configuration}</configuration>
  </plugin></plugins></build>`;
}

/** Where a download goes, where Maven writes, and when to stop it. */
export interface FetchPlace {
  libDir: string;
  logFile: string;
  abandon: AbortSignal;
}

function wholePom(library: Library): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.jikoo.fairuse</groupId><artifactId>embedded-${library.name}</artifactId>
  <version>${library.version}</version><packaging>pom</packaging>
  ${library.pom}
</project>
`;
}

function folderOf(libDir: string, library: Library): string {
  return join(libDir, `${library.name}-${library.version}`);
}

/** The folder appears in one step when all is in it, so that its presence says that it is whole. */
export function isInstalled(libDir: string, library: Library): boolean {
  return existsSync(folderOf(libDir, library));
}

async function waitForTurn(target: string, abandon: AbortSignal): Promise<Lock | null> {
  while (!existsSync(target)) {
    abandon.throwIfAborted();
    const taken = acquireLock(`${target}.lock`);
    if (taken.held) return taken.lock;
    await sleep(250);
  }
  return null;
}

function removeHalfDone(target: string): void {
  const beginning = `${basename(target)}.partial-`;
  for (const name of readdirSync(dirname(target))) {
    if (name.startsWith(beginning)) rmSync(join(dirname(target), name), { recursive: true, force: true });
  }
}

async function fetchInto(target: string, library: Library, place: FetchPlace): Promise<void> {
  const { logFile, abandon } = place;
  const partial = `${target}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  writeFileSync(join(partial, 'pom.xml'), wholePom(library));
  await runToEnd(
    { command: 'mvn', args: ['-q', '-B', '-f', 'pom.xml', library.goal], cwd: partial, logFile },
    `downloading ${library.name} ${library.version} with Maven`,
    abandon,
  );
  renameSync(partial, target);
}

/**
 * Makes sure that a server's files are there and returns their folder. Any number of processes may call it
 * at once: one downloads, the others wait; what a killed download left is thrown away.
 * @throws StackError when Maven fails (it says where its output is)
 */
export async function install(library: Library, place: FetchPlace): Promise<string> {
  const { libDir, abandon } = place;
  const target = folderOf(libDir, library);
  mkdirSync(libDir, { recursive: true });
  const lock = await waitForTurn(target, abandon);
  if (lock !== null) {
    try {
      removeHalfDone(target);
      if (!existsSync(target)) await fetchInto(target, library, place);
    } finally {
      lock.release();
    }
  }
  return join(target, 'files');
}
