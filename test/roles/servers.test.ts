import { afterEach, beforeAll, describe, it, expect } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createKafka } from '../../src/kafka/client.js';
import { Registry } from '../../src/kafka/registry.js';
import { ServerWatch } from '../../src/roles/servers.js';
import { createLog } from '../../src/support/log.js';
import { registered } from '../support/registryProxy.js';
import { testStack } from '../support/stack.js';
import { until } from '../support/until.js';

const watches: ServerWatch[] = [];
const sockets: Socket[] = [];
const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(watches.splice(0).map((watch) => watch.stop()));
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** Takes connections and says nothing, as a server that hangs does. */
async function silentServer(): Promise<string> {
  const server = createServer((socket) => sockets.push(socket));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function watch(broker: string, registryUrl: string): ServerWatch {
  const log = createLog('silent');
  const kafka = createKafka({ brokers: [broker], ssl: false, sasl: null }, 'watch-test', log, 0);
  const created = new ServerWatch({ kafka, registry: new Registry(registryUrl), log });
  watches.push(created);
  created.start();
  return created;
}

describe('watching broker and registry', () => {
  beforeAll(async () => {
    await registered(new Registry(testStack().schemaRegistryUrl));
  });

  it('finds them there', async () => {
    const { kafkaBrokers, schemaRegistryUrl } = testStack();
    const { parts } = watch(kafkaBrokers, schemaRegistryUrl);
    await until(() => Object.values(parts).every((part) => part === 'ok'));
    expect(parts).toEqual({ kafka: 'ok', registry: 'ok' });
  });

  it('notices a server that is not there and one that hangs, each by itself', async () => {
    const { kafkaBrokers, schemaRegistryUrl } = testStack();
    const { parts: noBroker } = watch('127.0.0.1:1', schemaRegistryUrl);
    const { parts: noRegistry } = watch(kafkaBrokers, `http://${await silentServer()}`);
    await until(() =>
      [noBroker, noRegistry].every((parts) => Object.values(parts).every((part) => part !== 'not asked yet')),
    );
    expect(noBroker).toEqual({ kafka: expect.stringContaining('ECONNREFUSED'), registry: 'ok' });
    expect(noRegistry).toEqual({ kafka: 'ok', registry: expect.stringContaining('no answer') });
  });
});
