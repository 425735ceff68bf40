import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry, RegistryUnavailable } from '../../src/kafka/registry.js';
import { testStack } from '../support/stack.js';
import { registered, registryProxy, type RegistryProxy } from '../support/registryProxy.js';

const TOPIC = 'fair-use.notifications.v1';

describe('a registry that does not make sense', () => {
  let proxy: RegistryProxy;
  let id: number;
  beforeAll(async () => {
    const real = new Registry(testStack().schemaRegistryUrl);
    await registered(real);
    id = (await real.idOf(TOPIC)) ?? -1;
    proxy = await registryProxy(testStack().schemaRegistryUrl);
  });
  beforeEach(() => {
    proxy.answer('pass');
  });
  afterEach(() => {
    proxy.answer('pass');
  });
  afterAll(() => proxy.close());

  it('is told from one that does', async () => {
    const registry = new Registry(proxy.url);
    await registry.check(TOPIC);
    expect(await registry.idOf(TOPIC)).toBe(id);
    expect((await registry.writerType(id))?.name).toContain('Notification');
    expect(await registry.writerType(999_999)).toBeNull();
  });

  it.each(['500', 'html', 'html 404', 'empty', 'json', 'cut'] as const)(
    'is not believed: %s is no answer to anything',
    async (nonsense) => {
      proxy.answer(nonsense);
      const registry = new Registry(proxy.url);
      await expect(registry.check(TOPIC)).rejects.toThrow(RegistryUnavailable);
      await expect(registry.idOf(TOPIC)).rejects.toThrow(RegistryUnavailable);
      await expect(registry.writerType(id)).rejects.toThrow(RegistryUnavailable);
      await expect(registry.registerMissing()).rejects.toThrow(RegistryUnavailable);
    },
    60_000,
  );

  it('is found out when it gives another schema for the id', async () => {
    proxy.answer('another schema');
    await expect(new Registry(proxy.url).check(TOPIC)).rejects.toThrow(
      `schema ${id} is not the one of ${TOPIC}`,
    );
  });

  it('is found out when it has lost what was registered', async () => {
    proxy.answer('forgot');
    await expect(new Registry(proxy.url).check(TOPIC)).rejects.toThrow('it has no schema');
    expect(await new Registry(proxy.url).idOf(TOPIC)).toBeNull();
  });

  it.each(['forgot', 'forgot ids'] as const)(
    'is not believed that it never knew a writer, when it %s',
    async (lost) => {
      const registry = new Registry(proxy.url);
      proxy.answer(lost);
      await expect(registry.writerType(id)).rejects.toThrow(RegistryUnavailable);
      await expect(registry.writerType(999_999)).rejects.toThrow(RegistryUnavailable);
      proxy.answer('pass');
      expect(await registry.writerType(id)).not.toBeNull();
      expect(await registry.writerType(999_999)).toBeNull();
    },
  );

  it('is believed again when it makes sense again', async () => {
    const registry = new Registry(proxy.url);
    proxy.answer('html');
    await expect(registry.check(TOPIC)).rejects.toThrow(RegistryUnavailable);
    proxy.answer('pass');
    await registry.check(TOPIC);
  });
});
