import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { ExpectedError } from '../support/expectedError.js';
import type { Log } from '../support/log.js';

/** Whether this process does its work: per role or server, `ok` or what is missing, in words. */
export interface ReadyReport {
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, string>>;
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: Log;
  live(): boolean;
  ready(): Promise<ReadyReport>;
  /** Prometheus text. */
  metrics(): Promise<string>;
}

export interface HttpServer {
  /** `http://host:port`, with the port that was taken. */
  readonly url: string;
  /** Stops taking requests and ends those under way. */
  close(): Promise<void>;
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Serves `/livez`, `/readyz` and `/metrics`; everything else is a 404 as `application/problem+json`. Throws an
 * {@link ExpectedError} naming `HTTP_HOST` or `HTTP_PORT` where the address cannot be taken.
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const app = fastify({ logger: false, forceCloseConnections: true });
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    done();
  });
  addHealth(app, options);
  app.setNotFoundHandler((_request, reply) => problem(reply, 404, 'Not Found'));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return problem(reply, status, error.message);
    options.log.error({ error, path: request.url }, 'a request failed');
    return problem(reply, 500, 'Internal Server Error');
  });
  const url = await listen(app, options);
  return { url, close: () => app.close() };
}

function addHealth(app: FastifyInstance, options: HttpServerOptions): void {
  app.get('/livez', (_request, reply) => {
    const alive = options.live();
    return reply.code(alive ? 200 : 503).send({ live: alive });
  });
  app.get('/readyz', async (_request, reply) => {
    const report = await options.ready();
    return reply.code(report.ready ? 200 : 503).send(report);
  });
  app.get('/metrics', async (_request, reply) => reply.type(METRICS_TYPE).send(await options.metrics()));
}

/** RFC 9457. */
function problem(reply: FastifyReply, status: number, title: string): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title, status }));
}

const ADDRESS_PROBLEMS: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) =>
    `HTTP_PORT=${port} is taken by another process on ${host}; choose another one, or 0 for any free port`,
  EACCES: (_, port) => `HTTP_PORT=${port} may not be used by this user; choose one above 1023`,
  EADDRNOTAVAIL: (host) => `HTTP_HOST=${host} is not an address of this machine`,
  ENOTFOUND: (host) => `HTTP_HOST=${host} is not a known host name`,
};

async function listen(app: FastifyInstance, { host, port }: HttpServerOptions): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const describe = ADDRESS_PROBLEMS[(error as NodeJS.ErrnoException).code ?? ''];
    throw describe === undefined ? error : new ExpectedError(describe(host, port), { cause: error });
  }
}
