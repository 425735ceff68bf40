import type { Launch } from './supervise.js';
import type { Library } from './library.js';
import type { Part, StackOptions } from './types.js';

export type Ports = Record<string, number>;

/** What a server needs to know of the place it runs in. */
export interface Place {
  /** The part's own folder; exists. */
  dir: string;
  libDir: string;
  logFile: string;
  durable: boolean;
  brokerDetour?: StackOptions['brokerDetour'];
  /** Aborted when the stack is given up, also while it comes up. */
  abandon: AbortSignal;
}

/** One kind of server: what it is, how it is prepared, started and asked whether it answers. */
export interface Server {
  readonly part: Part;
  readonly title: string;
  /** Well-known port per listener. */
  readonly defaultPorts: Readonly<Ports>;
  /** What Maven has to fetch; null when npm brought it. */
  readonly library: Library | null;
  /** Creates the state on the first start; on later ones leaves it as it is. */
  prepare(place: Place, ports: Ports): Promise<void>;
  launch(place: Place, ports: Ports): Promise<Launch>;
  /** One question to the server; false or a rejection: not yet. */
  answers(ports: Ports): Promise<boolean>;
  /** Once it answers, on every start (a database that must exist, for example). */
  afterStart?(ports: Ports): Promise<void>;
  /** What the terminal shows, for example `127.0.0.1:9092`. */
  describe(ports: Ports): string;
}

/** The port of a listener that the server itself declared. */
export function portOf(ports: Ports, name: string): number {
  const port = ports[name];
  if (port === undefined) throw new Error(`no port named ${name}`);
  return port;
}
