import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { assemble } from '../domain/policy/assemble.js';
import type { Policy, PolicyVersion } from '../domain/policy/policy.js';
import { incompleteLimits } from './policyCompleteness.js';
import { policySchema } from './policySchema.js';
import { readYaml, type Place, type YamlText } from './yamlText.js';

/** One thing wrong with the policy files; the place (from 1) is null where the file itself is the problem. */
export interface PolicyProblem {
  readonly file: string;
  readonly place: Place | null;
  readonly reason: string;
}

/** Every problem of every policy file, one line each: `file:line:col reason`. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';

  constructor(readonly problems: readonly PolicyProblem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(
      [`The policy cannot be used: ${count}`, ...problems.map((problem) => `  ${lineOf(problem)}`)].join(
        '\n',
      ),
    );
  }
}

/**
 * Reads a policy file, or a folder of them (*.yaml, *.yml; one version each; hidden files left out).
 * @throws PolicyError with every problem of every file
 */
export function loadPolicy(path: string): Policy {
  const files = listFiles(path).map(readPolicyFile);
  const problems = [...files.flatMap((file) => file.problems), ...collisions(files)];
  const versions = files.flatMap(({ version }) => version ?? []);
  if (problems.length > 0) throw new PolicyError(problems);
  return { versions: versions.toSorted((one, other) => one.effectiveFrom - other.effectiveFrom) };
}

interface ReadFile {
  readonly file: string;
  readonly problems: readonly PolicyProblem[];
  readonly yaml?: YamlText;
  readonly version?: PolicyVersion;
}

function listFiles(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => /^[^.].*\.ya?ml$/i.test(name));
    if (names.length > 0) return names.toSorted().map((name) => join(path, name));
  } catch (error) {
    throw new PolicyError([{ file: path, place: null, reason: accessFault(error) }]);
  }
  throw new PolicyError([
    { file: path, place: null, reason: 'the folder holds no policy file (*.yaml, *.yml)' },
  ]);
}

function readPolicyFile(file: string): ReadFile {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    return { file, problems: [{ file, place: null, reason: accessFault(error) }] };
  }
  const yaml = readYaml(text);
  const problems: PolicyProblem[] = yaml.problems.map(({ line, col, reason }) => ({
    file,
    place: { line, col },
    reason,
  }));
  if (yaml.value === undefined) return { file, problems };
  const parsed = policySchema.safeParse(yaml.value);
  for (const issue of parsed.error?.issues ?? []) problems.push(...problemsOf(file, yaml, issue));
  for (const { path, reason } of incompleteLimits(yaml.value)) {
    problems.push({ file, place: yaml.placeOfKey(path), reason: `${path.join('.')}: ${reason}` });
  }
  if (problems.length > 0 || !parsed.success) return { file, yaml, problems: problems.toSorted(byPlace) };
  const version = assemble(parsed.data);
  const hash = createHash('sha256').update(version.content).digest('hex');
  return { file, yaml, problems, version: { ...version, hash } };
}

function problemsOf(file: string, yaml: YamlText, issue: z.core.$ZodIssue): PolicyProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const reasons = issue.message.split('\n');
    return issue.keys.map((key, index) => ({
      file,
      place: yaml.placeOfKey([...issue.path, key]),
      reason: named(issue.path, reasons[index] ?? issue.message),
    }));
  }
  if (issue.code === 'invalid_key') {
    const reason = 'a plan id has 1 to 200 letters, digits, dots, dashes and underscores';
    return [{ file, place: yaml.placeOfKey(issue.path), reason: named(issue.path, reason) }];
  }
  return [{ file, place: yaml.placeOf(issue.path), reason: named(issue.path, issue.message) }];
}

function named(path: readonly PropertyKey[], reason: string): string {
  return path.length === 0 ? reason : `${path.map(String).join('.')}: ${reason}`;
}

/** Names and effective dates that two files share, found even when the files have other problems. */
function collisions(files: readonly ReadFile[]): readonly PolicyProblem[] {
  return [
    ...shared(files, 'version', (value) => value, 'is the version of'),
    ...shared(files, 'effectiveFrom', instantOf, 'is the effective date of'),
  ];
}

function shared(
  files: readonly ReadFile[],
  key: 'version' | 'effectiveFrom',
  identity: (value: string) => string,
  what: string,
): readonly PolicyProblem[] {
  const first = new Map<string, string>();
  return files.flatMap(({ file, yaml }): PolicyProblem[] => {
    const value = yaml === undefined ? undefined : textAt(yaml.value, key);
    if (yaml === undefined || value === undefined) return [];
    const other = first.get(identity(value));
    if (other === undefined) {
      first.set(identity(value), file);
      return [];
    }
    return [{ file, place: yaml.placeOf([key]), reason: `${key}: ${value} ${what} ${other} too` }];
  });
}

function textAt(value: unknown, key: string): string | undefined {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === 'string' ? found : undefined;
}

/** The same instant may be written with different zones. */
function instantOf(text: string): string {
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? text : String(instant);
}

function accessFault(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  if (code === 'EISDIR') return 'is a folder, not a file';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not UTF-8 text';
  return `cannot be read: ${String(message)}`;
}

function byPlace(one: PolicyProblem, other: PolicyProblem): number {
  return (one.place?.line ?? 0) - (other.place?.line ?? 0) || (one.place?.col ?? 0) - (other.place?.col ?? 0);
}

function lineOf({ file, place, reason }: PolicyProblem): string {
  return place === null ? `${file}: ${reason}` : `${file}:${place.line}:${place.col} ${reason}`;
}
