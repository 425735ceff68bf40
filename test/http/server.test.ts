import { afterEach, describe, it, expect } from '@jest/globals';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../src/http/server.js';
import { ExpectedError } from '../../src/support/expectedError.js';
import { createLog } from '../../src/support/log.js';

const open: HttpServer[] = [];

async function server(options: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const created = await createHttpServer({
    host: '127.0.0.1',
    port: 0,
    log: createLog('silent'),
    live: () => true,
    ready: () => Promise.resolve({ ready: true, parts: { database: 'ok' } }),
    metrics: () => Promise.resolve('# HELP up 1 while running\nup 1\n'),
    ...options,
  });
  open.push(created);
  return created;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

describe('the HTTP server', () => {
  it('says that it lives and is ready, and shows metrics', async () => {
    const { url } = await server();
    const live = await fetch(`${url}/livez`);
    expect([live.status, live.headers.get('x-content-type-options')]).toEqual([200, 'nosniff']);
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, parts: { database: 'ok' } }]);
    const metrics = await fetch(`${url}/metrics`);
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await metrics.text()).toContain('\nup 1\n');
  });

  it('answers 503 with what is missing', async () => {
    const parts = { database: 'ok', relay: 'waiting for Kafka' };
    const { url } = await server({
      live: () => false,
      ready: () => Promise.resolve({ ready: false, parts }),
    });
    expect((await fetch(`${url}/livez`)).status).toBe(503);
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { ready: false, parts }]);
  });

  it('answers anything else and its own errors as problems, without internals', async () => {
    const { url } = await server({ metrics: () => Promise.reject(new Error('password=hunter2')) });
    const missing = await fetch(`${url}/nothing`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await missing.json()).toEqual({ type: 'about:blank', title: 'Not Found', status: 404 });
    const broken = await fetch(`${url}/metrics`);
    expect(broken.status).toBe(500);
    expect(broken.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await broken.text()).not.toContain('hunter2');
  });

  it('names HTTP_PORT when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const attempt = server({ port });
      await expect(attempt).rejects.toBeInstanceOf(ExpectedError);
      await expect(attempt).rejects.toThrow(`HTTP_PORT=${port} is taken`);
    } finally {
      other.close();
      await once(other, 'close');
    }
  });
});
