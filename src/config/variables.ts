import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { parseFailpoints } from '../support/failpoints.js';
import { parseInstant } from '../support/instant.js';

/** One variable of the environment: how its text becomes a value, what is right, and its value when unset. */
export interface Variable<T, Fallback extends T | null = T | null> {
  readonly schema: z.ZodType<T, string>;
  readonly example: string;
  readonly fallback: Fallback;
}

/** A text that `read` turns into a value; a string out of `problem` says what is wrong instead. */
function text<T>(read: (value: string, problem: (message: string) => never) => T): z.ZodType<T, string> {
  return z.string().transform((value, context) => {
    const messages: string[] = [];
    try {
      return read(value.trim(), (message) => {
        messages.push(message);
        throw new Stop();
      });
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      for (const message of messages) context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
  });
}

class Stop extends Error {}

const HOST_PORT = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

const brokers = text((value, problem) =>
  value.split(',').map((entry, index) => {
    const match = HOST_PORT.exec(entry.trim());
    const port = Number(match?.[2] ?? 0);
    // The entry itself is not shown: somebody may have put a password in it.
    if (match === null || port < 1 || port > 65_535) {
      return problem(`entry ${index + 1} is not host:port`);
    }
    return entry.trim();
  }),
);

/** A URL of one of the schemes; never shown in a message, since it may carry a password. */
function url(schemes: readonly string[], options: { host: boolean; credentials: boolean }) {
  return text((value, problem) => {
    const parsed = URL.canParse(value) ? new URL(value) : problem('is not a URL');
    const scheme = parsed.protocol.replace(/:$/, '');
    if (!schemes.includes(scheme)) problem(`must begin with ${schemes.map((s) => `${s}://`).join(' or ')}`);
    if (options.host && parsed.hostname === '') problem('names no host');
    if (![parsed.username, parsed.password].every(isDecodable)) {
      problem('has a % in its user name or password that must be written %25');
    }
    if (!options.credentials && (parsed.username !== '' || parsed.password !== '')) {
      problem('must not contain a user name or password');
    }
    return value;
  });
}

function isDecodable(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

function oneOf<const T extends string>(allowed: readonly T[]) {
  return text((value, problem): T => {
    const found = allowed.find((one) => one === value.toLowerCase());
    return found ?? problem(`is ${JSON.stringify(value)}; allowed: ${allowed.join(', ')}`);
  });
}

const flag = oneOf(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');

function integer(min: number, max: number) {
  return text((value, problem) => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) {
      problem(`is ${JSON.stringify(value)}; a whole number from ${min} to ${max} is needed`);
    }
    return number;
  });
}

const ADDRESS = /^[^\s@<>()[\],;:\\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*$/;
const NAMED_ADDRESS = /^(?:"[^"<>\\\p{Cc}]*"|[^"<>@,;\\\p{Cc}]*)\s*<([^<>]+)>$/u;

const plainAddress = text((value, problem) =>
  ADDRESS.test(value) ? value : problem('is not one plain mail address'),
);

const namedAddress = text((value, problem) => {
  const address = NAMED_ADDRESS.exec(value)?.[1] ?? value;
  return ADDRESS.test(address) ? value : problem('is not one mail address, with or without a name');
});

const instant = text(
  (value, problem) =>
    parseInstant(value) ?? problem(`is ${JSON.stringify(value)}, not an RFC 3339 instant with an offset`),
);

const failpoints = text(parseFailpoints);

const secret = text((value) => value);
const bearerToken = text((value, problem) =>
  /^[A-Za-z0-9._~+/-]+=*$/.test(value)
    ? value
    : problem('may have only letters, digits and - . _ ~ + / (then =), as a bearer token'),
);
const hostName = text((value, problem) =>
  /^[A-Za-z0-9.:_-]+$/.test(value) ? value : problem('is not a host name or address'),
);

function optional<T>(schema: z.ZodType<T, string>, example: string): Variable<T, null> {
  return { schema, example, fallback: null };
}

function withDefault<T>(schema: z.ZodType<T, string>, example: string, fallback: NoInfer<T>): Variable<T, T> {
  return { schema, example, fallback };
}

/** The policy that the release ships, wherever the process was started. */
const SHIPPED_POLICY = fileURLToPath(new URL('../../policy', import.meta.url));

/**
 * Every variable of the contract; ACCOUNT_CACHE_MB, KAFKA_SESSION_TIMEOUT_MS and DATABASE_SILENCE_MS are ours, and so are
 * RETENTION_DIVISOR and FAILPOINTS (development only).
 */
export const VARIABLES = {
  KAFKA_BROKERS: optional(brokers, 'kafka-1.example.com:9092,kafka-2.example.com:9092'),
  KAFKA_SSL: withDefault(flag, 'true', false),
  KAFKA_SASL_MECHANISM: optional(oneOf(['plain', 'scram-sha-256', 'scram-sha-512']), 'scram-sha-512'),
  KAFKA_SASL_USERNAME: optional(secret, 'fair-use'),
  KAFKA_SASL_PASSWORD: optional(secret, '(the password)'),
  KAFKA_SESSION_TIMEOUT_MS: withDefault(integer(1_000, 1_800_000), '10000', 10_000),
  SCHEMA_REGISTRY_URL: optional(
    url(['http', 'https'], { host: true, credentials: true }),
    'http://registry.example.com:8081',
  ),
  DATABASE_URL: optional(
    url(['postgres', 'postgresql'], { host: false, credentials: true }),
    'postgres://fairuse:PASSWORD@db.example.com:5432/fairuse',
  ),
  // A relay that has nothing to do says something every second.
  DATABASE_SILENCE_MS: withDefault(integer(2_000, 3_600_000), '60000', 60_000),
  SMTP_URL: optional(
    url(['smtp', 'smtps'], { host: true, credentials: true }),
    'smtps://USER:PASSWORD@mail.example.com:465',
  ),
  MAIL_FROM: optional(namedAddress, 'Fair Use <fair-use@example.com>'),
  MAIL_REPLY_TO: optional(plainAddress, 'support@example.com'),
  PUBLIC_URL: optional(
    url(['http', 'https'], { host: true, credentials: false }),
    'https://fair-use.example.com',
  ),
  HTTP_HOST: withDefault(hostName, '0.0.0.0', '127.0.0.1'),
  HTTP_PORT: withDefault(integer(0, 65_535), '8080 (0: any free port)', 8080),
  ADMIN_TOKEN: optional(bearerToken, 'the output of: openssl rand -hex 32'),
  POLICY_FILE: withDefault(secret, 'policy/', SHIPPED_POLICY),
  LOG_LEVEL: withDefault(
    oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    'info',
    'info',
  ),
  AUTO_MIGRATE: withDefault(flag, 'false', true),
  TOPIC_PARTITIONS: withDefault(integer(1, 10_000), '8', 8),
  TOPIC_REPLICATION: withDefault(integer(1, 100), '3', 1),
  ACCOUNT_CACHE_MB: withDefault(integer(1, 1_000_000), '512', 512),
  CLOCK_START: optional(instant, '2026-11-01T09:00:00Z'),
  RETENTION_DIVISOR: withDefault(integer(1, 10_000_000), '10000', 1),
  FAILPOINTS: optional(failpoints, 'count.before-commit=kill@3'),
};

export type VariableName = keyof typeof VARIABLES;
export type Values = {
  [Name in VariableName]: (typeof VARIABLES)[Name] extends Variable<infer T, infer Fallback>
    ? T | Fallback
    : never;
};
