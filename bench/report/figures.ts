/** A named value of the measurements, as the table shows it. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly digits: number;
  /** What the ratio of engine to peer is to be; absent: shown without a goal. */
  readonly goal?: string;
  /** The runs that the goal is for; default all. */
  readonly goalOf?: RegExp;
}

/** The goal of a figure in a run, or null. */
export function goalOf({ goal, goalOf: runs }: Figure, what: string): string | null {
  return goal === undefined || runs?.test(what) === false ? null : goal;
}

/** Every figure that a run may have, in the order of the table. */
export const FIGURES: readonly Figure[] = [
  { name: 'perSecondFromReady', title: 'events/s, from ready', digits: 0, goal: '≥ 3' },
  { name: 'perSecondFromStart', title: 'events/s, from process start', digits: 0, goal: '≥ 3' },
  { name: 'startSeconds', title: 'start to ready, s', digits: 2 },
  {
    name: 'cpu',
    title: 'CPU-seconds per million, all processes',
    digits: 2,
    goal: '≤ 0.33',
    goalOf: /^drain/,
  },
  { name: 'cpuProcess', title: '– engine (peer: streams and sink)', digits: 2 },
  { name: 'cpuBroker', title: '– broker', digits: 2 },
  { name: 'cpuPostgres', title: '– Postgres', digits: 2 },
  { name: 'cpuRegistry', title: '– registry', digits: 2 },
  {
    name: 'memory',
    title: 'peak memory of a process (peer: streams), MB',
    digits: 0,
    goal: '≤ 0.3',
    goalOf: /^drain/,
  },
  { name: 'memorySink', title: '– the peer’s sink, MB', digits: 0 },
  { name: 'memoryWhole', title: '– of what counts and writes (peer: streams and sink), MB', digits: 0 },
  { name: 'bytesPerMillion', title: 'MB in Postgres per million events', digits: 1 },
  { name: 'transactions', title: 'counting transactions', digits: 0 },
  { name: 'conflictsPercent', title: 'begun again by compare-and-set, %', digits: 2 },
  { name: 'violationP50', title: 'appended → violation readable, p50, ms', digits: 0, goal: '≤ 0.6' },
  { name: 'violationP99', title: 'appended → violation readable, p99, ms', digits: 0, goal: '≤ 0.6' },
  { name: 'violationMost', title: 'appended → violation readable, longest, ms', digits: 0 },
  { name: 'violations', title: 'violations measured', digits: 0 },
  { name: 'mailP50', title: 'appended → mail accepted, p50, ms', digits: 0 },
  { name: 'mailP99', title: 'appended → mail accepted, p99, ms (goal: < 2,000)', digits: 0 },
  { name: 'mailMost', title: 'appended → mail accepted, longest, ms', digits: 0 },
  { name: 'mails', title: 'mails measured', digits: 0 },
  { name: 'generatorLag', title: 'largest lag of the generator, ms', digits: 0 },
  { name: 'countedAtKill', title: 'events counted at the kill', digits: 0 },
  { name: 'restartToReadySeconds', title: 'restart → ready, s', digits: 2 },
  { name: 'restartToOutputSeconds', title: 'restart → first new output, s', digits: 2, goal: '≤ 1' },
  { name: 'restartToDrainedSeconds', title: 'restart → all counted, s', digits: 2 },
  { name: 'cacheSetting', title: 'ACCOUNT_CACHE_MB', digits: 0 },
  { name: 'months', title: 'months simulated', digits: 0 },
  { name: 'sizeYearBefore', title: 'MB in Postgres a year before the end', digits: 1 },
  { name: 'sizeAtEnd', title: 'MB in Postgres at the end', digits: 1 },
  { name: 'sizeRatio', title: '– of that a year before (goal: 1)', digits: 2 },
];
