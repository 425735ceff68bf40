/** A named value of the measurements, as the table shows it. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly digits: number;
  /** What the ratio of engine to peer is to be; absent: shown without a goal. */
  readonly goal?: string;
}

/** Every figure that a run may have, in the order of the table. */
export const FIGURES: readonly Figure[] = [
  { name: 'perSecondFromReady', title: 'events/s, from ready', digits: 0, goal: '≥ 3' },
  { name: 'perSecondFromStart', title: 'events/s, from process start', digits: 0, goal: '≥ 3' },
  { name: 'startSeconds', title: 'start to ready, s', digits: 2 },
  { name: 'cpu', title: 'CPU-seconds per million, all processes', digits: 2, goal: '≤ 0.33' },
  { name: 'cpuProcess', title: '– engine (peer: streams and sink)', digits: 2 },
  { name: 'cpuBroker', title: '– broker', digits: 2 },
  { name: 'cpuPostgres', title: '– Postgres', digits: 2 },
  { name: 'cpuRegistry', title: '– registry', digits: 2 },
  { name: 'memory', title: 'peak memory of a process (peer: streams), MB', digits: 0, goal: '≤ 0.3' },
  { name: 'memorySink', title: '– the peer’s sink', digits: 0 },
  { name: 'bytesPerMillion', title: 'MB in Postgres per million events', digits: 1 },
];
