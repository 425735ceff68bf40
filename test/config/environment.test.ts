import { describe, it, expect } from '@jest/globals';
import { ConfigError, readConfig, type Need } from '../../src/config/environment.js';

const ALL: readonly Need[] = ['kafka', 'registry', 'database', 'smtp'];
const SERVERS = {
  KAFKA_BROKERS: '127.0.0.1:9092, kafka-2.example.com:9093,[::1]:9094',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:8081/apis/ccompat/v7',
  DATABASE_URL: 'postgres://fairuse:pw@127.0.0.1:5432/fairuse',
  SMTP_URL: 'smtp://127.0.0.1:1025',
  MAIL_FROM: 'Fair Use <fair-use@example.com>',
};

function failure(env: NodeJS.ProcessEnv, needs: readonly Need[] = []): ConfigError {
  try {
    readConfig(env, needs);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the environment was accepted');
}

function names(error: ConfigError): string[] {
  return error.problems.map(({ variable }) => variable);
}

describe('readConfig', () => {
  it('gives the defaults of the contract', () => {
    const config = readConfig(SERVERS, ALL);
    expect(config).toMatchObject({
      kafka: {
        brokers: ['127.0.0.1:9092', 'kafka-2.example.com:9093', '[::1]:9094'],
        ssl: false,
        sasl: null,
      },
      registryUrl: SERVERS.SCHEMA_REGISTRY_URL,
      databaseUrl: SERVERS.DATABASE_URL,
      smtp: { url: SERVERS.SMTP_URL, from: SERVERS.MAIL_FROM, replyTo: null, requireTls: false },
      publicUrl: null,
      http: { host: '127.0.0.1', port: 8080 },
      adminToken: null,
      logLevel: 'info',
      autoMigrate: true,
      topics: { partitions: 8, replication: 1 },
      accountCacheBytes: 512 * 1024 * 1024,
      sessionTimeoutMs: 10_000,
      databaseSilenceMs: 60_000,
      clockStart: null,
      production: false,
    });
    expect(config.policyPath).toMatch(/[/\\]policy$/);
    expect(Object.isFrozen(config) && Object.isFrozen(config.http)).toBe(true);
  });

  it('takes every variable', () => {
    const config = readConfig(
      {
        ...SERVERS,
        KAFKA_SSL: 'TRUE',
        KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
        KAFKA_SASL_USERNAME: 'engine',
        KAFKA_SASL_PASSWORD: 'pw',
        MAIL_REPLY_TO: 'support@example.com',
        PUBLIC_URL: 'https://fair-use.example.com/',
        HTTP_HOST: '0.0.0.0',
        HTTP_PORT: '0',
        ADMIN_TOKEN: 'abc.def-123',
        POLICY_FILE: 'somewhere/policy.yaml',
        LOG_LEVEL: 'debug',
        AUTO_MIGRATE: 'false',
        TOPIC_PARTITIONS: '3',
        TOPIC_REPLICATION: '2',
        ACCOUNT_CACHE_MB: '64',
        KAFKA_SESSION_TIMEOUT_MS: '45000',
        DATABASE_SILENCE_MS: '30000',
        CLOCK_START: '2026-11-01T10:00:00.5+01:00',
      },
      ALL,
    );
    expect(config).toMatchObject({
      kafka: { ssl: true, sasl: { mechanism: 'scram-sha-512', username: 'engine', password: 'pw' } },
      smtp: { replyTo: 'support@example.com' },
      publicUrl: 'https://fair-use.example.com',
      http: { host: '0.0.0.0', port: 0 },
      adminToken: 'abc.def-123',
      policyPath: 'somewhere/policy.yaml',
      logLevel: 'debug',
      autoMigrate: false,
      topics: { partitions: 3, replication: 2 },
      accountCacheBytes: 64 * 1024 * 1024,
      sessionTimeoutMs: 45_000,
      databaseSilenceMs: 30_000,
      clockStart: Date.UTC(2026, 10, 1, 9, 0, 0, 500),
    });
  });

  it('requires only what is needed and treats empty as unset', () => {
    expect(readConfig({ SMTP_URL: '', HTTP_PORT: ' ' }, []).smtp).toBeNull();
    expect(names(failure({ KAFKA_BROKERS: '' }, ['kafka', 'registry']))).toEqual([
      'KAFKA_BROKERS',
      'SCHEMA_REGISTRY_URL',
    ]);
    expect(names(failure({}, ALL))).toEqual([
      'KAFKA_BROKERS',
      'SCHEMA_REGISTRY_URL',
      'DATABASE_URL',
      'SMTP_URL',
      'MAIL_FROM',
    ]);
  });

  it('lists every problem together, each with an example', () => {
    const error = failure(
      {
        KAFKA_BROKERS: 'localhost',
        HTTP_PORT: '70000',
        LOG_LEVEL: 'loud',
        AUTO_MIGRATE: 'maybe',
        TOPIC_PARTITIONS: '0',
        CLOCK_START: '2026-02-30T00:00:00Z',
        MAIL_FROM: 'a@example.com, b@example.com',
        PUBLIC_URL: 'ftp://example.com',
      },
      ['database'],
    );
    expect(new Set(names(error))).toEqual(
      new Set([
        'KAFKA_BROKERS',
        'HTTP_PORT',
        'LOG_LEVEL',
        'AUTO_MIGRATE',
        'TOPIC_PARTITIONS',
        'CLOCK_START',
        'MAIL_FROM',
        'PUBLIC_URL',
        'DATABASE_URL',
      ]),
    );
    expect(error.message).toContain('9 problems');
    expect(error.message).toContain('allowed: true, false, 1, 0');
    for (const { variable, example } of error.problems) {
      expect(error.message).toContain(`for example: ${variable}=${example}`);
    }
  });

  it.each([
    ['DATABASE_URL', 'mysql://user:hunter2@db/x'],
    ['DATABASE_URL', 'postgres//user:hunter2@db'],
    ['SMTP_URL', 'http://user:hunter2@mail.example.com'],
    ['SCHEMA_REGISTRY_URL', 'user:hunter2@registry'],
    ['KAFKA_BROKERS', 'user:hunter2@kafka:9092'],
    ['ADMIN_TOKEN', 'hunter2 hunter2'],
    ['PUBLIC_URL', 'https://user:hunter2@example.com'],
    ['KAFKA_SASL_PASSWORD', 'hunter2'],
  ])('never prints the secret in a wrong %s', (name, value) => {
    const error = failure({ [name]: value });
    expect(error.problems).toHaveLength(1);
    expect(error.message).not.toContain('hunter2');
  });

  it('wants user name and password with a SASL mechanism', () => {
    expect(names(failure({ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'engine' }))).toEqual([
      'KAFKA_SASL_PASSWORD',
    ]);
    expect(failure({ KAFKA_SASL_MECHANISM: 'gssapi' }).message).toContain('plain, scram-sha-256');
  });

  it('refuses credentials that no URL decodes to, without showing them', () => {
    for (const SMTP_URL of [
      'smtp://user%:hidden@mail.example.com',
      'smtp://user:hidden%zz@mail.example.com',
    ]) {
      const error = failure({ SMTP_URL });
      expect(names(error)).toEqual(['SMTP_URL']);
      expect(error.message).not.toContain('hidden');
    }
  });

  it('takes failpoints, names what is wrong with them, and refuses them in production', () => {
    const read = (FAILPOINTS: string, NODE_ENV?: string) =>
      readConfig({ FAILPOINTS, ...(NODE_ENV === undefined ? {} : { NODE_ENV }) }, []).failpoints;
    expect(read('count.before-commit=kill@3, relay.published=stall:500')).toEqual([
      { point: 'count.before-commit', action: { kind: 'kill' }, passage: 3 },
      { point: 'relay.published', action: { kind: 'stall', ms: 500 }, passage: null },
    ]);
    expect(() => read('count.before-commit')).toThrow(/point=kill, stop, throw or stall:MS/);
    expect(() => read('count.never=kill')).toThrow(/no point count.never; known: count.before-commit, /);
    expect(() => read('count.before-commit=kill', 'production')).toThrow(
      /FAILPOINTS is for development only/,
    );
    expect(read('')).toEqual([]);
  });

  it('refuses a moved clock in production only', () => {
    const env = { CLOCK_START: '2026-11-01T00:00:00Z', NODE_ENV: 'production' };
    expect(names(failure(env))).toEqual(['CLOCK_START']);
    // One that is malformed is refused for both reasons at once.
    expect(failure({ ...env, CLOCK_START: 'soon' }).problems).toHaveLength(2);
    expect(readConfig({ ...env, NODE_ENV: 'development' }, []).clockStart).toBe(Date.UTC(2026, 10, 1));
    expect(readConfig({ ...SERVERS, NODE_ENV: 'production' }, ['smtp']).smtp.requireTls).toBe(true);
  });
});
