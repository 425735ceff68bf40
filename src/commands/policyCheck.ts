import { loadPolicy } from '../config/policyFiles.js';

/** Validates a policy file or a folder of versions; throws `PolicyError` with every problem. */
export function policyCheck(path: string, stdout: NodeJS.WritableStream): void {
  const { versions } = loadPolicy(path);
  stdout.write(`ok: ${versions.length} ${versions.length === 1 ? 'version' : 'versions'}\n`);
}
