import { describe, expect, it } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/environment.js';
import { kafka } from '../../src/stack/kafka.js';
import { registry } from '../../src/stack/registry.js';

interface Service {
  image?: string;
  build?: string;
  ports: string[];
  volumes?: string[];
  environment: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: object;
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

function compose(): Compose {
  return parse(readFileSync('docker-compose.yml', 'utf8')) as Compose;
}

/**
 * The schema of the Compose specification, from the Go module github.com/compose-spec/compose-go/v2 v2.9.1
 * (schema/compose-spec.json), licensed under Apache-2.0.
 */
function validator(): ValidateFunction {
  const schema = JSON.parse(readFileSync('test/stack/compose-spec.json', 'utf8')) as Record<string, unknown>;
  // The schema names its dialect by https, ajv knows it by http.
  delete schema['$schema'];
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default(ajv);
  return ajv.compile(schema);
}

const { services, volumes } = compose();
const entries = Object.entries(services);

describe('docker-compose.yml', () => {
  it('keeps to the Compose specification', () => {
    const valid = validator();
    expect([valid(compose()), valid.errors]).toEqual([true, null]);
  });

  it('would be found out if it did not', () => {
    const broken = compose();
    Object.assign(broken.services['kafka']!, { port: ['9092:9092'] });
    const valid = validator();
    expect(valid(broken)).toBe(false);
    expect(valid.errors).toContainEqual(expect.objectContaining({ keyword: 'additionalProperties' }));
  });

  it('has the embedded parts and the engine, Kafka and registry in the same versions', () => {
    expect(Object.keys(services).sort()).toEqual(['engine', 'inbox', 'kafka', 'postgres', 'registry']);
    const version = (title: string) => title.split(' ').at(-1)!;
    const { version: maildev } = JSON.parse(readFileSync('node_modules/maildev/package.json', 'utf8')) as {
      version: string;
    };
    expect(entries.map(([, { image }]) => image).sort()).toEqual(
      [
        `apache/kafka:${version(kafka.title)}`,
        `apicurio/apicurio-registry:${version(registry.title)}`,
        'postgres:18',
        `maildev/maildev:${maildev}`,
        undefined,
      ].sort(),
    );
    expect(services['engine']!.build).toBe('.');
  });

  it.each(entries)('%s is reachable from this machine alone, and says whether it is well', (_, service) => {
    expect(service.ports.length).toBeGreaterThan(0);
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    expect(service.healthcheck).toBeDefined();
  });

  it('waits for what it needs, and keeps its state in volumes that are declared', () => {
    for (const [, { depends_on: needs = {} }] of entries) {
      for (const [name, { condition }] of Object.entries(needs)) {
        expect(services[name]).toBeDefined();
        expect(condition).toBe('service_healthy');
      }
    }
    const used = entries.flatMap(([, service]) =>
      (service.volumes ?? []).map((volume) => volume.split(':')[0]!),
    );
    expect(used.sort()).toEqual(Object.keys(volumes).sort());
  });

  it('gives the engine an environment that it accepts', () => {
    const config = readConfig(services['engine']!.environment, ['kafka', 'registry', 'database', 'smtp']);
    expect(config.kafka.brokers).toEqual(['kafka:19092']);
    expect(config.http).toEqual({ host: '0.0.0.0', port: 8080 });
    expect(config.registryUrl).toBe('http://registry:8080/apis/ccompat/v7');
  });
});

describe('the image of the engine', () => {
  it('is built and run by the Node that the documents name, one that the engine accepts', () => {
    const images = [...readFileSync('Dockerfile', 'utf8').matchAll(/^FROM (\S+)/gm)].map(
      ([, image]) => image,
    );
    const [, major = ''] = /You need Node (\d+)/.exec(readFileSync('README.md', 'utf8')) ?? [];
    expect(images).toEqual(Array(2).fill(`node:${major}-slim`));
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
    expect(Number(major)).toBeGreaterThanOrEqual(Number.parseFloat(engines.node.replace('>=', '')));
  });

  it('is made of files that are there', () => {
    const copies = readFileSync('Dockerfile', 'utf8').matchAll(/^COPY (?!--from)(.+) \.\/?\S*$/gm);
    const sources = [...copies].flatMap(([, list]) => list!.split(' '));
    expect(sources).toEqual(expect.arrayContaining(['src', 'migrations', 'schemas', 'policy', 'locales']));
    expect(sources.filter((source) => !existsSync(source))).toEqual([]);
  });
});
