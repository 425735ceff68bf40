import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadPolicy, PolicyError } from '../../src/config/policyFiles.js';

const MINIMAL = `version: v1
effectiveFrom: 2021-10-19T00:00:00Z
common:
  limits:
    chats-per-hour:
      limit: 2000
      per: account
      warnAt: 80
      overage: false
      cooldown: 24 h
      clause: A clause.
  fileSize:
    limit: 5 MiB
    clause: A clause.
plans:
  lite:
    name: Lite
    limits:
      sessions-per-month:
        limit: 10
        per: workspace
        warnAt: 80
        overage: true
        clause: A clause.
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(text: string | Uint8Array, name = 'a.yaml'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The problem lines of a load that fails, without the folder's name. */
function problemsOf(path: string): string[] {
  try {
    loadPolicy(path);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const [head, ...lines] = error.message.split('\n');
    const { length } = error.problems;
    expect(head).toBe(`The policy cannot be used: ${length === 1 ? '1 problem' : `${length} problems`}`);
    expect(lines).toHaveLength(length);
    return lines.map((line) => line.trim().replaceAll(`${folder}/`, ''));
  }
  throw new Error('the policy was taken');
}

function changed(from: string, to: string): string {
  if (!MINIMAL.includes(from)) throw new Error(`not in the text: ${from}`);
  return MINIMAL.replace(from, to);
}

describe('the loader', () => {
  it('reads one file', () => {
    const { versions } = loadPolicy(write(MINIMAL));
    expect(versions.map(({ version }) => version)).toEqual(['v1']);
  });

  it('reads a folder of versions in the order of their dates, leaving other and hidden files out', () => {
    write(changed('v1', 'v2').replace('2021-10', '2022-10'), 'a.yaml');
    write(MINIMAL, 'b.yml');
    write('not: a policy', '.#a.yaml');
    write('not a policy', 'README.md');
    const { versions } = loadPolicy(folder);
    expect(versions.map(({ version, effectiveFrom }) => [version, effectiveFrom])).toEqual([
      ['v1', Date.UTC(2021, 9, 19)],
      ['v2', Date.UTC(2022, 9, 19)],
    ]);
  });

  it('merges the common limits into each plan, term by term', () => {
    const own = '    limits:\n      chats-per-hour:\n        per: workspace\n';
    const [version] = loadPolicy(
      write(changed('    name: Lite\n    limits:\n', `    name: Lite\n${own}`)),
    ).versions;
    const common = version!.common[0];
    expect(version!.plans.get('lite')!.limits).toEqual([
      { ...common, scope: 'workspace' },
      expect.objectContaining({ rule: 'sessions-per-month', allowed: { kind: 'limited', amount: 10 } }),
    ]);
  });

  it('lets an unlimited limit neither warn nor have an overage, whatever it inherits', () => {
    const own = '    limits:\n      chats-per-hour:\n        limit: unlimited\n';
    const [version] = loadPolicy(
      write(changed('    name: Lite\n    limits:\n', `    name: Lite\n${own}`)),
    ).versions;
    expect(version!.plans.get('lite')!.limits[0]).toMatchObject({
      allowed: { kind: 'unlimited' },
      warnAt: null,
      overage: false,
      cooldownMs: null,
    });
  });

  it.each([
    ['5 KiB', 5_120],
    ['5MiB', 5_242_880],
    ['10 GiB', 10_737_418_240],
    ['1 TiB', 1_099_511_627_776],
    ['7', 7],
    ['9007199254740', 9_007_199_254_740],
  ])('reads the size %s as %i bytes', (size, amount) => {
    const [version] = loadPolicy(write(changed('5 MiB', size))).versions;
    expect(version!.commonFileSize.allowed).toEqual({ kind: 'limited', amount });
  });

  it.each([
    ['90 min', 5_400_000],
    ['24h', 86_400_000],
    ['2 d', 172_800_000],
    ['none', null],
  ])('reads the cooldown %s', (cooldown, ms) => {
    const [version] = loadPolicy(write(changed('24 h', cooldown))).versions;
    expect(version!.common[0]!.cooldownMs).toBe(ms);
  });
});

describe('the hash of a version', () => {
  const hashOf = (text: string) => loadPolicy(write(text)).versions[0]!.hash;
  const hash = () => hashOf(MINIMAL);

  it('is the same whatever the layout, the comments, the order of keys and the units', () => {
    expect(hash()).toMatch(/^[0-9a-f]{64}$/);
    const other = changed('version: v1\neffectiveFrom: 2021-10-19T00:00:00Z\n', '# a comment\n');
    expect(hashOf(`${other}version: "v1"\neffectiveFrom: 2021-10-19T02:00:00+02:00\n`)).toBe(hash());
    expect(hashOf(changed('5 MiB', '5242880'))).toBe(hash());
    expect(hashOf(changed('warnAt: 80\n      overage: false', 'overage: false\n      warnAt: 80'))).toBe(
      hash(),
    );
  });

  it.each([
    ['version: v1', 'version: v2'],
    ['2021-10-19', '2021-10-20'],
    ['limit: 10\n', 'limit: 11\n'],
    ['name: Lite', 'name: Light'],
    ['lite:', 'light:'],
    ['overage: true', 'overage: false'],
  ])('changes with %s → %s', (from, to) => {
    expect(hashOf(changed(from, to))).not.toBe(hash());
  });

  it('is the hash of the content, which is JSON', () => {
    const [version] = loadPolicy(write(MINIMAL)).versions;
    expect(JSON.parse(version!.content)).toMatchObject({ version: 'v1', plans: [{ id: 'lite' }] });
  });
});

describe('a problem is told with its place', () => {
  const session = 'plans.lite.limits.sessions-per-month';
  it.each([
    // Numbers that are none, or not the one that is meant.
    [
      'limit: 10\n',
      'limit: 12_000\n',
      `a.yaml:20:16 ${session}.limit: expected a whole number above 0, or unlimited, found the text "12_000": write 12000, digits only, no quotes`,
    ],
    [
      'limit: 10\n',
      "limit: '2000'\n",
      `a.yaml:20:16 ${session}.limit: expected a whole number above 0, or unlimited, found the text "2000": write 2000, digits only, no quotes`,
    ],
    [
      'limit: 10\n',
      'limit: 12,000\n',
      `a.yaml:20:16 ${session}.limit: expected a whole number above 0, or unlimited, found the text "12,000": write 12000, digits only, no quotes`,
    ],
    [
      'limit: 10\n',
      'limit: 12.000\n',
      'a.yaml:20:16 12.000 would be read as 12: write a plain whole number, digits only',
    ],
    [
      'limit: 10\n',
      'limit: 1e3\n',
      'a.yaml:20:16 1e3 would be read as 1000: write a plain whole number, digits only',
    ],
    [
      'limit: 10\n',
      'limit: 0123\n',
      'a.yaml:20:16 0123 would be read as 123: write a plain whole number, digits only',
    ],
    [
      'limit: 10\n',
      'limit: 0x10\n',
      'a.yaml:20:16 0x10 would be read as 16: write a plain whole number, digits only',
    ],
    [
      'limit: 10\n',
      'limit: 0\n',
      `a.yaml:20:16 ${session}.limit: expected a whole number above 0, or unlimited, found 0`,
    ],
    [
      'limit: 10\n',
      'limit: -5\n',
      `a.yaml:20:16 ${session}.limit: expected a whole number above 0, or unlimited, found -5`,
    ],
    [
      'limit: 10\n',
      'limit: 1.5\n',
      `a.yaml:20:16 ${session}.limit: expected a whole number above 0, or unlimited, found 1.5`,
    ],
    [
      'limit: 10\n',
      'limit: 9007199254741\n',
      `a.yaml:20:16 ${session}.limit: 9007199254741 is too large: at most 9007199254740`,
    ],
    [
      'limit: 10\n',
      'limit: .inf\n',
      `a.yaml:20:16 ${session}.limit: expected a whole number above 0, or unlimited, found Infinity`,
    ],
    [
      'limit: 10\n',
      'limit: 5 MiB\n',
      `a.yaml:20:16 ${session}.limit: expected a whole number above 0, or unlimited, found "5 MiB"`,
    ],
    [
      'limit: 10\n',
      'limit:\n',
      `a.yaml:20:9 ${session}.limit: expected a whole number above 0, or unlimited, found nothing`,
    ],
    [
      '5 MiB',
      '5 MB',
      'a.yaml:13:12 common.fileSize.limit: expected a size such as 5 MiB or 10 GiB above 0, or unlimited, found "5 MB": write 5 MiB',
    ],
    [
      '24 h',
      '24',
      'a.yaml:10:17 common.limits.chats-per-hour.cooldown: expected a time such as 24 h, or none, found 24',
    ],
    [
      'plans:',
      'strikes:\n  lastFor: none\n  clause: Again.\nplans:',
      'a.yaml:16:12 strikes.lastFor: expected a time such as 90 d, found "none"',
    ],
    [
      'plans:',
      'strikes:\n  lastFor: 90 d\nplans:',
      'a.yaml:15:1 strikes.clause: is missing: expected a text (a number needs quotes)',
    ],
    // Names.
    [
      'per: workspace',
      'per: workspaces',
      `a.yaml:21:14 ${session}.per: expected account or workspace, found "workspaces"; did you mean workspace?`,
    ],
    [
      'warnAt: 80\n        overage: true',
      'warnAt: 90\n        overage: true',
      `a.yaml:22:17 ${session}.warnAt: expected 80 or never, found 90`,
    ],
    ['overage: true', 'overage: yes', `a.yaml:23:18 ${session}.overage: expected true or false, found "yes"`],
    [
      'sessions-per-month',
      'session-per-month',
      'a.yaml:19:7 plans.lite.limits: unknown key "session-per-month"; did you mean sessions-per-month?',
    ],
    [
      '  lite:\n',
      '  "the lite":\n',
      'a.yaml:16:3 plans.the lite: a plan id has 1 to 200 letters, digits, dots, dashes and underscores',
    ],
    ['  lite:\n', '  007:\n', 'a.yaml:16:3 a key must be plain text: write it in quotes'],
    ['  lite:\n', '  __proto__: {}\n  lite:\n', 'a.yaml:16:3 a key must be plain text: write it in quotes'],
    ['version: v1', 'versoin: v1\nversion: v1', 'a.yaml:1:1 unknown key "versoin"; did you mean version?'],
    ['version: v1', 'entirely: other\nversion: v1', 'a.yaml:1:1 unknown key "entirely"'],
    // What is missing or of another kind.
    ['version: v1\n', '', 'a.yaml:1:1 version: is missing: expected a text (a number needs quotes)'],
    [
      'version: v1',
      'version: 2021',
      'a.yaml:1:10 version: expected a text (a number needs quotes), found 2021',
    ],
    [
      'version: v1',
      'version: " v1"',
      'a.yaml:1:10 version: expected a text without blanks around it, found " v1"',
    ],
    [
      '2021-10-19T00:00:00Z',
      '2021-10-19',
      'a.yaml:2:16 effectiveFrom: expected an instant such as 2021-10-19T00:00:00Z, found "2021-10-19"',
    ],
    [
      '2021-10-19T00:00:00Z',
      '2021-10-19T00:00:00',
      'a.yaml:2:16 effectiveFrom: expected an instant such as 2021-10-19T00:00:00Z, found "2021-10-19T00:00:00"',
    ],
    [
      '2021-10-19T00:00:00Z',
      '2021-02-29T00:00:00Z',
      'a.yaml:2:16 effectiveFrom: expected an instant such as 2021-10-19T00:00:00Z, found "2021-02-29T00:00:00Z"',
    ],
    ['        per: workspace\n', '', `a.yaml:19:7 ${session}: per is missing`],
    ['        overage: true\n', '', `a.yaml:19:7 ${session}: overage is missing`],
    ['      cooldown: 24 h\n', '', 'a.yaml:5:5 common.limits.chats-per-hour: cooldown is missing'],
    [
      '      overage: false\n',
      '      overage: true\n',
      'a.yaml:5:5 common.limits.chats-per-hour: overage: only limits per month or year have overages',
    ],
    [
      '    limit: 5 MiB\n',
      '',
      'a.yaml:12:3 common.fileSize.limit: expected a size such as 5 MiB or 10 GiB above 0, or unlimited, found nothing',
    ],
    // YAML itself.
    ['version: v1', 'version: v1\nversion: v1', 'a.yaml:2:1 the same key stands here twice'],
    ['limit: 10\n', 'limit: !size 10\n', 'a.yaml:20:16 Unresolved tag: !size'],
  ])('%j → %j', (from, to, problem) => {
    expect(problemsOf(write(changed(from, to)))[0]).toBe(problem);
  });

  it('refuses aliases', () => {
    const text = changed('      clause: A clause.', '      clause: &words A clause.').replace(
      '    clause: A clause.\nplans',
      '    clause: *words\nplans',
    );
    expect(problemsOf(write(text))).toEqual([
      'a.yaml:14:13 aliases (*name) are not read: write the value out',
    ]);
  });

  it('tells broken YAML once, without its consequences', () => {
    expect(problemsOf(write('version: [v1\nplans: {}\n'))).toEqual([
      expect.stringMatching(/^a\.yaml:\d+:\d+ \S/),
    ]);
  });

  it('refuses an empty file, an empty map, a list and a policy without plans', () => {
    expect(problemsOf(write(''))).toEqual(['a.yaml:1:1 is empty: expected a map']);
    expect(problemsOf(write('- a\n'))).toEqual(['a.yaml:1:1 expected a map, found a list']);
    const [head] = MINIMAL.split('plans:');
    expect(problemsOf(write(`${head!}plans:\n`))).toEqual([
      'a.yaml:15:1 plans: is empty: expected the plans by their ids',
    ]);
    expect(problemsOf(write(`${head!}plans: {}\n`))).toEqual(['a.yaml:15:1 plans: names no plan']);
  });

  it('tells a gap of the common terms once, and one that only a plan has there', () => {
    const unlimited = changed('limit: 2000\n', 'limit: unlimited\n').replace(
      /\n {6}(warnAt|overage|cooldown): .*/g,
      '',
    );
    const own = '    limits:\n      chats-per-hour:\n        limit: 5\n';
    const text = unlimited.replace('    limits:\n      sessions', `${own}      sessions`);
    expect(problemsOf(write(text))).toEqual([
      'a.yaml:16:7 plans.lite.limits.chats-per-hour: warnAt is missing',
      'a.yaml:16:7 plans.lite.limits.chats-per-hour: overage is missing',
      'a.yaml:16:7 plans.lite.limits.chats-per-hour: cooldown is missing',
    ]);
    const gap = MINIMAL.replace('      per: account\n', '').replace(
      '    limits:\n      sessions',
      `${own}      sessions`,
    );
    expect(problemsOf(write(gap))).toEqual(['a.yaml:5:5 common.limits.chats-per-hour: per is missing']);
  });
});

describe('averages over longer periods', () => {
  const SECTION = `longRunAverage:
  days: 90
  minimumDays: 30
  minimumPeers: 100
  score: 4.5
  multiple: 5
  minimumAverage:
    sessions: 40
    chats: 50
    upload_bytes: 1 GiB
  usualShare: 95
  clause: A clause.
plans:`;
  const withSection = (from = '', to = '') => {
    if (!SECTION.includes(from)) throw new Error(`not in the text: ${from}`);
    return write(changed('plans:', SECTION.replace(from, to)));
  };

  it('are judged on the terms of the file, and not at all without any', () => {
    expect(loadPolicy(withSection()).versions[0]!.longRun).toEqual({
      days: 90,
      minimumDays: 30,
      minimumPeers: 100,
      score: 4.5,
      multiple: 5,
      usualShare: 95,
      metrics: [
        { metric: 'chats', minimumAverage: 50 },
        { metric: 'sessions', minimumAverage: 40 },
        { metric: 'upload_bytes', minimumAverage: 1_073_741_824 },
      ],
      clause: 'A clause.',
    });
    expect(loadPolicy(write(MINIMAL)).versions[0]!.longRun).toBeNull();
  });

  it('have terms that are part of the version’s hash; a version without them keeps the hash it had', () => {
    const hashOf = (path: string) => loadPolicy(path).versions[0]!.hash;
    const content = (path: string) => loadPolicy(path).versions[0]!.content;
    expect(content(write(MINIMAL))).not.toContain('longRun');
    const whole = hashOf(withSection());
    expect(hashOf(withSection('score: 4.5', 'score: 4.6'))).not.toBe(whole);
    expect(hashOf(withSection('    chats: 50\n', ''))).not.toBe(whole);
    expect(hashOf(withSection('    sessions: 40\n    chats: 50', '    chats: 50\n    sessions: 40'))).toBe(
      whole,
    );
  });

  const of = (place: string, reason: string) => [`a.yaml:${place} longRunAverage.${reason}`];
  it.each<[string, string, readonly string[]]>([
    ['days: 90', 'days: 6', of('16:9', 'days: expected a whole number from 7 to 366, found 6')],
    ['days: 90', 'days: 367', of('16:9', 'days: expected a whole number from 7 to 366, found 367')],
    ['days: 90', 'days: 90 d', of('16:9', 'days: expected a whole number from 7 to 366, found "90 d"')],
    ['minimumDays: 30', 'minimumDays: 91', of('17:16', 'minimumDays: is more than days')],
    [
      'minimumPeers: 100',
      'minimumPeers: 19',
      of('18:17', 'minimumPeers: expected a whole number from 20 to 1000000, found 19'),
    ],
    ['score: 4.5', 'score: 2.4', of('19:10', 'score: expected a number from 2.5 to 100, found 2.4')],
    ['multiple: 5', 'multiple: 1', of('20:13', 'multiple: expected a number from 1.1 to 1000, found 1')],
    [
      'chats: 50',
      'chats: 0',
      of('23:12', 'minimumAverage.chats: expected a whole number from 1 to 1000000000, found 0'),
    ],
    [
      '1 GiB',
      '1 GB',
      of(
        '24:19',
        'minimumAverage.upload_bytes: expected a size such as 5 MiB or 10 GiB above 0, found "1 GB": write 1 GiB',
      ),
    ],
    ['    chats', '    chat', of('23:5', 'minimumAverage: unknown key "chat"; did you mean chats?')],
    ['usualShare: 95', 'usualShare: 96', of('25:15', 'usualShare: expected 90 or 95 or 99, found 96')],
    ['  clause: A clause.\n', '', of('15:1', 'clause: is missing: expected a text (a number needs quotes)')],
    [
      '  days: 90\n  minimumDays: 30\n  minimumPeers: 100\n  score: 4.5',
      '  days: 20\n  minimumDays: 30\n  minimumPeers: few\n  score: high',
      [
        ...of('17:16', 'minimumDays: is more than days'),
        ...of('18:17', 'minimumPeers: expected a whole number from 20 to 1000000, found "few"'),
        ...of('19:10', 'score: expected a number from 2.5 to 100, found "high"'),
      ],
    ],
  ])('%j → %j', (from, to, problems) => {
    expect(problemsOf(withSection(from, to))).toEqual(problems);
  });

  it('name at least one metric', () => {
    const none = SECTION.replace(/ {4}(sessions|chats|upload_bytes): .*\n/g, '').replace(
      'Average:\n  usual',
      'Average: {}\n  usual',
    );
    expect(problemsOf(write(changed('plans:', none)))).toEqual(of('21:3', 'minimumAverage: names no metric'));
    expect(problemsOf(write(changed('plans:', 'longRunAverage:\nplans:')))).toEqual([
      'a.yaml:15:1 longRunAverage: is empty: expected a map',
    ]);
  });
});

describe('all problems of all files', () => {
  it('come at once, by file and place', () => {
    write(
      changed('limit: 2000', 'limit: 2_000')
        .replace('limit: 10\n', 'limit: ten\n')
        .replace('        overage: true\n', ''),
    );
    write(changed('v1', 'v2').replace('2021-10', '2022-10').replace('name: Lite', 'nam: Lite'), 'b.yaml');
    expect(problemsOf(folder)).toEqual([
      expect.stringContaining('a.yaml:6:14 common.limits.chats-per-hour.limit: '),
      'a.yaml:19:7 plans.lite.limits.sessions-per-month: overage is missing',
      expect.stringContaining('a.yaml:20:16 plans.lite.limits.sessions-per-month.limit: '),
      'b.yaml:16:3 plans.lite.name: is missing: expected a text (a number needs quotes)',
      'b.yaml:17:5 plans.lite: unknown key "nam"; did you mean name?',
    ]);
  });

  it('include versions and effective dates that two files share, however written', () => {
    write(MINIMAL);
    write(changed('00:00:00Z', '02:00:00+02:00').replace('limit: 10\n', 'limit: ten\n'), 'b.yaml');
    expect(problemsOf(folder)).toEqual([
      expect.stringContaining('b.yaml:20:16'),
      'b.yaml:1:10 version: v1 is the version of a.yaml too',
      'b.yaml:2:16 effectiveFrom: 2021-10-19T02:00:00+02:00 is the effective date of a.yaml too',
    ]);
  });

  it('include files that cannot be read', () => {
    mkdirSync(join(folder, 'a.yaml'));
    write(new Uint8Array([0x76, 0xff, 0xfe]), 'b.yaml');
    symlinkSync(join(folder, 'gone'), join(folder, 'c.yaml'));
    write(MINIMAL.replace('v1', '1'), 'd.yaml');
    expect(problemsOf(folder)).toEqual([
      'a.yaml: is a folder, not a file',
      'b.yaml: is not UTF-8 text',
      'c.yaml: does not exist',
      expect.stringContaining('d.yaml:1:10 version'),
    ]);
  });

  it('say that a path does not exist, or a folder holds no policy', () => {
    expect(problemsOf(join(folder, 'gone.yaml'))).toEqual(['gone.yaml: does not exist']);
    write('', 'README.md');
    expect(problemsOf(folder)).toEqual([`${folder}: the folder holds no policy file (*.yaml, *.yml)`]);
  });

  it('say that a file may not be read', () => {
    // A loop of links fails for every user; permissions do not stop the superuser.
    symlinkSync(join(folder, 'a.yaml'), join(folder, 'a.yaml'));
    expect(problemsOf(folder)).toEqual([expect.stringMatching(/^a\.yaml: cannot be read: ELOOP/)]);
  });
});

describe('the shipped policy', () => {
  const shipped = () => loadPolicy('policy').versions;

  it('is the published one of 19 October 2021', () => {
    expect(shipped().map(({ version, effectiveFrom }) => [version, effectiveFrom])).toEqual([
      ['2021-10-19', Date.UTC(2021, 9, 19)],
    ]);
  });

  it.each([
    [
      'sandbox',
      [
        'chats-per-hour 2000/account -',
        'sessions-per-month 100/workspace - overage invite',
        'chats-per-month 100/account - invite LIMIT_SERVICE',
        'upload-bytes-per-year 10737418240/account - overage',
      ],
    ],
    [
      'pro',
      [
        'chats-per-hour 2000/account 80',
        'sessions-per-month 10000/workspace 80 overage',
        'upload-bytes-per-year 10737418240/account 80 overage',
      ],
    ],
    [
      'unlimited',
      [
        'chats-per-hour 2000/account 80',
        'sessions-per-month 50000/workspace 80 overage',
        'upload-bytes-per-year 10737418240/account 80 overage',
      ],
    ],
    [
      'ltd',
      [
        'chats-per-hour 2000/workspace 80',
        'sessions-per-month unlimited/workspace -',
        'tickets-per-month 10000/account 80 overage',
        'upload-bytes-per-year 10737418240/account 80 overage',
      ],
    ],
  ])('gives %s exactly its limits', (id, expected) => {
    const plan = shipped()[0]!.plans.get(id)!;
    const lines = plan.limits.map((limit) =>
      [
        limit.rule,
        `${limit.allowed.kind === 'limited' ? String(limit.allowed.amount) : 'unlimited'}/${limit.scope}`,
        limit.warnAt ?? '-',
        ...(limit.overage ? ['overage'] : []),
        ...(limit.inviteUpgrade ? ['invite'] : []),
        ...(limit.measure === null ? [] : [limit.measure]),
      ].join(' '),
    );
    expect(lines).toEqual(expected);
    for (const limit of plan.limits) {
      expect(limit.cooldownMs).toBe(limit.windowKind === 'hour' ? 86_400_000 : null);
      const strikes = limit.windowKind !== 'year' && limit.allowed.kind === 'limited';
      expect(limit.strike?.lastFor ?? null).toBe(strikes ? 90 * 86_400_000 : null);
      expect(limit.clause).not.toBe('');
    }
    expect(plan.fileSize.allowed).toEqual({ kind: 'limited', amount: 5 * 1024 * 1024 });
  });

  it('names four plans and their conditions', () => {
    const [version] = shipped();
    const rules = (conditions: readonly { rule: string }[]) => conditions.map(({ rule }) => rule);
    expect([...version!.plans].map(([id, plan]) => [id, plan.name, rules(plan.conditions)])).toEqual([
      ['sandbox', 'Sandbox', ['no-resale']],
      ['pro', 'Pro', ['no-resale']],
      ['unlimited', 'Unlimited', ['no-resale']],
      ['ltd', 'LTD', ['eligible-customer', 'no-resale', 'not-transferable', 'one-workspace', 'own-websites']],
    ]);
    expect(rules(version!.dealConditions)).toEqual(['eligible-customer', 'not-transferable']);
    expect(rules(version!.commonConditions)).toEqual(['no-resale']);
  });

  it('compares chats and sessions over 90 days', () => {
    expect(shipped()[0]!.longRun).toMatchObject({
      days: 90,
      minimumDays: 30,
      minimumPeers: 100,
      score: 5,
      multiple: 5,
      metrics: [
        { metric: 'chats', minimumAverage: 50 },
        { metric: 'sessions', minimumAverage: 50 },
      ],
    });
  });

  it('judges unknown plans by what all plans have', () => {
    const [version] = shipped();
    expect(version!.common.map(({ rule, scope, warnAt, overage }) => [rule, scope, warnAt, overage])).toEqual(
      [
        ['chats-per-hour', 'account', 80, false],
        ['upload-bytes-per-year', 'account', 80, true],
      ],
    );
  });

  it('takes a new plan and a new limit as an edit of the file', () => {
    const text = readFileSync('policy/fair-use-2021-10-19.yaml', 'utf8');
    const added =
      '  team:\n    name: Team\n    limits:\n      tickets-per-month:\n        limit: 500\n        per: workspace\n        warnAt: 80\n        overage: true\n        clause: Ours.\n';
    const [version] = loadPolicy(write(`${text}${added}`)).versions;
    expect(version!.plans.get('team')!.limits.map(({ rule }) => rule)).toEqual([
      'chats-per-hour',
      'tickets-per-month',
      'upload-bytes-per-year',
    ]);
  });
});
