import { rmSync } from 'node:fs';

/** Ends the servers of the run and removes their folder. */
export default async function teardown() {
  await globalThis.testStack?.stop();
  const folder = globalThis.testStackFolder;
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
