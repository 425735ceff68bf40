/** One embedded server. */
export type Part = 'kafka' | 'registry' | 'postgres' | 'inbox';

export const ALL_PARTS: readonly Part[] = ['postgres', 'kafka', 'registry', 'inbox'];

/** Where the engine finds its servers; an empty string for a part that was neither given nor started. */
export interface StackAddresses {
  /** `host:port`, comma separated. */
  kafkaBrokers: string;
  /** Base URL of the Confluent-compatible API. */
  schemaRegistryUrl: string;
  databaseUrl: string;
  smtpUrl: string;
  /** Web page of the dev inbox; null when mail goes to a server that was given. */
  inboxUrl: string | null;
}

export type ProgressState =
  'installing' | 'starting' | 'ready' | 'external' | 'stopping' | 'stopped' | 'died';

/** One line for the terminal: what a part is doing. */
export interface ProgressEvent {
  part: Part;
  /** Name and version, for example `Apache Kafka 4.4.0`. */
  title: string;
  state: ProgressState;
  /** The whole line without the title, for example `ready at 127.0.0.1:9092 after 2.3 s`. */
  text: string;
}

export interface StackOptions {
  /** State and logs: `<dataDir>/<part>` and `<dataDir>/logs/<part>.log`. */
  dataDir: string;
  /** Downloaded servers: `<libDir>/<name>-<version>`; may be shared by any number of stacks. */
  libDir: string;
  /** Addresses given by the environment; each replaces its embedded part. */
  external: Partial<Record<'kafkaBrokers' | 'schemaRegistryUrl' | 'databaseUrl' | 'smtpUrl', string>>;
  /** `default`: the well-known ports, free ones where those are taken. `free`: only free ones. */
  ports?: 'default' | 'free';
  /** The parts to start; default all. */
  parts?: readonly Part[];
  /** Begin from nothing: what earlier runs left in `dataDir` is removed (downloaded servers are not). */
  reset?: boolean;
  /** False for throw-away data: Postgres then skips fsync. Default true. */
  durable?: boolean;
  /**
   * A second way to the broker for tests of a bad network: who connects at `listen` is sent on to `advertise`, where
   * something passes the bytes to `listen`.
   */
  brokerDetour?: { readonly listen: number; readonly advertise: number };
  /** Gives the start up: what is up already is ended, and `startStack` rejects with the signal's reason. */
  signal?: AbortSignal;
  onProgress(event: ProgressEvent): void;
}

export interface StackPart {
  readonly part: Part;
  readonly title: string;
  /** Process id of the server itself; null while it is down. */
  readonly pid: number | null;
  readonly ports: Readonly<Record<string, number>>;
  /** Sends a signal to the server; resolves at once, or when the process is gone for SIGKILL. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends the server in its own orderly way; its state stays. */
  stop(): Promise<void>;
  /** Starts it again on the same ports; resolves when it answers. */
  start(): Promise<void>;
}

export interface Stack {
  readonly addresses: StackAddresses;
  /** The parts that were started here (given addresses have none). */
  readonly parts: Readonly<Partial<Record<Part, StackPart>>>;
  /** Ends every server and gives up the folder; may be called again. */
  stop(): Promise<void>;
}

/** A reason that a person can act on, in one line; to be shown without a stack trace. */
export class StackError extends Error {
  override readonly name = 'StackError';
}
