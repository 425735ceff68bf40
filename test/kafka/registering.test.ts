import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry, RegistryUnavailable } from '../../src/kafka/registry.js';
import { AVRO_TOPICS } from '../../src/kafka/topics.js';
import type { Stack } from '../../src/stack/index.js';
import { ownStack } from '../support/stack.js';
import { registryProxy, type RegistryProxy } from '../support/registryProxy.js';

/** A registry of its own, that has nothing yet. */
describe('registering what is missing', () => {
  let stack: Stack;
  let proxy: RegistryProxy;
  beforeAll(async () => {
    stack = await ownStack(['registry']);
    proxy = await registryProxy(stack.addresses.schemaRegistryUrl);
  }, 90_000);
  afterAll(async () => {
    await proxy.close();
    await stack.stop();
  });

  async function ask<T>(path: string): Promise<T> {
    return (await (await fetch(`${stack.addresses.schemaRegistryUrl}${path}`)).json()) as T;
  }
  const levels = async (): Promise<Set<string>> => {
    const subjects = await ask<string[]>('/subjects');
    const configs = subjects.map((name) => ask<{ compatibilityLevel: string }>(`/config/${name}`));
    return new Set((await Promise.all(configs)).map(({ compatibilityLevel }) => compatibilityLevel));
  };

  it('leaves no subject without FULL compatibility, whenever it is cut off', async () => {
    for (let subject = 1; subject <= 3; subject += 1) {
      proxy.answer('gone after a registration');
      await expect(new Registry(proxy.url).registerMissing()).rejects.toThrow(RegistryUnavailable);
      expect(await ask('/subjects')).toHaveLength(subject);
      expect([...(await levels())]).toEqual(['FULL']);
    }
  }, 60_000);

  it('is done by several at once, with nothing to say against it', async () => {
    proxy.answer('pass');
    await Promise.all([1, 2, 3, 4].map(() => new Registry(proxy.url).registerMissing()));
    expect(await ask('/subjects')).toHaveLength(AVRO_TOPICS.length);
    expect([...(await levels())]).toEqual(['FULL']);
    expect(await new Registry(proxy.url).registerMissing()).toEqual([]);
  }, 60_000);
});
