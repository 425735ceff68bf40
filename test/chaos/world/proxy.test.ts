import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import { Proxy } from './proxy.js';

// Not by once(): a reset is an error before it is a close.
const closeOf = (socket: Socket): Promise<void> => new Promise((done) => socket.once('close', () => done()));

it('a proxy that cuts in the moment in which one side closes leaves no connection open', async () => {
  const target = createServer({ allowHalfOpen: true });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  const proxy = await Proxy.start(() => (target.address() as AddressInfo).port);
  const client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  const [server] = (await once(target, 'connection')) as [Socket];
  for (const socket of [client, server]) socket.on('error', () => undefined).resume();
  const [pair] = (proxy as unknown as { pairs: Set<{ client: Socket }> }).pairs;
  // The end is passed on by the proxy's own listener and begins in the next tick: here it has begun, and is not done.
  pair?.client.once('end', () => process.nextTick(() => process.nextTick(() => proxy.cut())));

  const closed = Promise.all([closeOf(server), closeOf(client)]);
  client.end('last words');
  await once(server, 'end');
  await proxy.stop();
  server.end();
  await closed;
  expect(process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap')).toEqual([]);
  target.close();
}, 20_000);
