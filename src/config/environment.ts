import type { KafkaSettings } from '../kafka/client.js';
import type { ArmedFailpoint } from '../support/failpoints.js';
import { VARIABLES, type Values, type Variable, type VariableName } from './variables.js';

/** A server that a command or role cannot do without; `smtp` includes the sender's address. */
export type Need = 'kafka' | 'registry' | 'database' | 'smtp';

export interface SmtpSettings {
  /** `smtp://` or `smtps://`, with the credentials in it. */
  readonly url: string;
  /** One address, with or without a name: `Fair Use <fair-use@example.com>`. */
  readonly from: string;
  /** One plain address. */
  readonly replyTo: string | null;
  /** No mail in clear text: always so in production. */
  readonly requireTls: boolean;
}

export interface Config {
  readonly kafka: KafkaSettings | null;
  /** After how long without a heartbeat the broker takes a member of a consumer group for dead (ms). */
  readonly sessionTimeoutMs: number;
  /** After how long without a word Postgres ends a session of this process, with its locks. */
  readonly databaseSilenceMs: number;
  readonly registryUrl: string | null;
  readonly databaseUrl: string | null;
  readonly smtp: SmtpSettings | null;
  /** Without a trailing slash. */
  readonly publicUrl: string | null;
  /** Port 0: any free one. */
  readonly http: { readonly host: string; readonly port: number };
  readonly adminToken: string | null;
  /** A policy file or a folder of versions; a relative one counts from the working directory. */
  readonly policyPath: string;
  readonly logLevel: string;
  readonly autoMigrate: boolean;
  readonly topics: { readonly partitions: number; readonly replication: number };
  /** What a processor may keep of accounts between transactions, roughly. */
  readonly accountCacheBytes: number;
  /** Epoch milliseconds at which the business clock starts; null: it is the machine's. */
  readonly clockStart: number | null;
  /** Every period for which rows are kept is divided by this: 1 outside of trials. */
  readonly retentionDivisor: number;
  /** Where this process is to fail; empty but in tests of faults. */
  readonly failpoints: readonly ArmedFailpoint[];
  readonly production: boolean;
}

interface Provides {
  readonly kafka: 'kafka';
  readonly registry: 'registryUrl';
  readonly database: 'databaseUrl';
  readonly smtp: 'smtp';
}

/** A configuration in which what was needed is not null; needs that are known only at run time promise nothing. */
export type ConfigFor<Needs extends readonly Need[]> = number extends Needs['length']
  ? Config
  : Config & { readonly [Key in Provides[Needs[number]]]: NonNullable<Config[Key]> };

/** What is wrong with one variable, without its value where that may be a secret. */
export interface ConfigProblem {
  readonly variable: string;
  readonly problem: string;
  readonly example: string;
}

/** The environment cannot be used; the message lists every problem, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly ConfigProblem[]) {
    const lines = problems.map(
      ({ variable, problem, example }) => `  ${variable} ${problem}\n    for example: ${variable}=${example}`,
    );
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(`The environment has ${count}:\n${lines.join('\n')}`);
  }
}

const REQUIRED: Readonly<Record<Need, readonly VariableName[]>> = {
  kafka: ['KAFKA_BROKERS'],
  registry: ['SCHEMA_REGISTRY_URL'],
  database: ['DATABASE_URL'],
  smtp: ['SMTP_URL', 'MAIL_FROM'],
};

/**
 * Reads and validates the whole environment, once, at start. An empty variable counts as unset. What is set is
 * validated whether it is needed or not. Throws {@link ConfigError} with every problem together.
 */
export function readConfig<const Needs extends readonly Need[]>(
  env: NodeJS.ProcessEnv,
  needs: Needs,
): ConfigFor<Needs> {
  const problems: ConfigProblem[] = [];
  const report = (name: VariableName, problem: string): void => {
    problems.push({ variable: name, problem, example: VARIABLES[name].example });
  };
  const values = readValues(env, report);
  for (const name of new Set(needs.flatMap((need) => REQUIRED[need]))) {
    if (isUnset(env[name])) report(name, 'is missing');
  }
  checkTogether(env, values, report);
  if (problems.length > 0) throw new ConfigError(problems);
  return assemble(values, isProduction(env)) as ConfigFor<Needs>;
}

type Report = (name: VariableName, problem: string) => void;

function isUnset(value: string | undefined): boolean {
  return value === undefined || value.trim() === '';
}

function isProduction(env: NodeJS.ProcessEnv): boolean {
  return env['NODE_ENV']?.trim().toLowerCase() === 'production';
}

function readValues(env: NodeJS.ProcessEnv, report: Report): Values {
  const entries = (Object.entries(VARIABLES) as [VariableName, Variable<unknown>][]).map(
    ([name, variable]) => {
      const given = env[name];
      if (given === undefined || isUnset(given)) return [name, variable.fallback];
      const result = variable.schema.safeParse(given);
      if (result.success) return [name, result.data];
      for (const issue of result.error.issues) report(name, issue.message);
      return [name, null];
    },
  );
  return Object.fromEntries(entries) as Values;
}

/** What no variable can tell alone. */
function checkTogether(env: NodeJS.ProcessEnv, values: Values, report: Report): void {
  const login = ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const;
  const wantsLogin = !isUnset(env['KAFKA_SASL_MECHANISM']);
  for (const name of login) {
    if (wantsLogin && isUnset(env[name])) report(name, 'is missing, since KAFKA_SASL_MECHANISM is set');
  }
  if (!wantsLogin && login.some((name) => !isUnset(env[name]))) {
    report('KAFKA_SASL_MECHANISM', 'is missing, since a SASL user name or password is set');
  }
  for (const name of ['CLOCK_START', 'RETENTION_DIVISOR', 'FAILPOINTS'] as const) {
    if (isUnset(env[name]) || !isProduction(env)) continue;
    report(name, 'is for development only and must not be set when NODE_ENV=production');
  }
}

function assemble(values: Values, production: boolean): Config {
  const { KAFKA_BROKERS: brokers, KAFKA_SASL_MECHANISM: mechanism, SMTP_URL, MAIL_FROM } = values;
  const sasl =
    mechanism === null
      ? null
      : {
          mechanism,
          username: values.KAFKA_SASL_USERNAME ?? '',
          password: values.KAFKA_SASL_PASSWORD ?? '',
        };
  const smtp =
    SMTP_URL === null || MAIL_FROM === null
      ? null
      : { url: SMTP_URL, from: MAIL_FROM, replyTo: values.MAIL_REPLY_TO, requireTls: production };
  return deepFreeze({
    kafka: brokers === null ? null : { brokers, ssl: values.KAFKA_SSL, sasl },
    sessionTimeoutMs: values.KAFKA_SESSION_TIMEOUT_MS,
    databaseSilenceMs: values.DATABASE_SILENCE_MS,
    registryUrl: values.SCHEMA_REGISTRY_URL,
    databaseUrl: values.DATABASE_URL,
    smtp,
    publicUrl: values.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    http: { host: values.HTTP_HOST, port: values.HTTP_PORT },
    adminToken: values.ADMIN_TOKEN,
    policyPath: values.POLICY_FILE,
    logLevel: values.LOG_LEVEL,
    autoMigrate: values.AUTO_MIGRATE,
    topics: { partitions: values.TOPIC_PARTITIONS, replication: values.TOPIC_REPLICATION },
    accountCacheBytes: values.ACCOUNT_CACHE_MB * 1024 * 1024,
    clockStart: values.CLOCK_START,
    retentionDivisor: values.RETENTION_DIVISOR,
    failpoints: values.FAILPOINTS ?? [],
    production,
  });
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part as object);
  }
  return Object.freeze(value);
}
