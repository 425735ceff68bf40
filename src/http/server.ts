import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
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

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const HEADERS = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' };
/** Longer than whoever asks regularly waits between two questions, so that none meets a connection that is just closing. */
const KEEP_ALIVE_MS = 72_000;

/**
 * Serves `/livez`, `/readyz` and `/metrics`; everything else is a 404 as `application/problem+json`. Throws an
 * {@link ExpectedError} naming `HTTP_HOST` or `HTTP_PORT` where the address cannot be taken.
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  // A framework would be a sixth of what a process costs until it is ready.
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    void answer(request, options).then(({ status, type, body }) => {
      response.writeHead(status, {
        ...HEADERS,
        'content-type': type,
        'content-length': Buffer.byteLength(body),
      });
      response.end(body);
    });
  });
  const url = await listen(server, options);
  return { url, close: () => close(server) };
}

/** Never rejects. */
async function answer(request: IncomingMessage, options: HttpServerOptions): Promise<Answer> {
  const path = (request.url ?? '').replace(/\?.*$/s, '');
  const reads = request.method === 'GET' || request.method === 'HEAD';
  try {
    if (reads && path === '/livez') {
      const live = options.live();
      return json(live ? 200 : 503, { live });
    }
    if (reads && path === '/readyz') {
      const report = await options.ready();
      return json(report.ready ? 200 : 503, report);
    }
    if (reads && path === '/metrics') {
      return { status: 200, type: METRICS_TYPE, body: await options.metrics() };
    }
    return problem(404, 'Not Found');
  } catch (error) {
    options.log.error({ error, path: request.url }, 'a request failed');
    return problem(500, 'Internal Server Error');
  }
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', body: JSON.stringify(value) };
}

/** RFC 9457. */
function problem(status: number, title: string): Answer {
  const body = JSON.stringify({ type: 'about:blank', title, status });
  return { status, type: 'application/problem+json', body };
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

const ADDRESS_PROBLEMS: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) =>
    `HTTP_PORT=${port} is taken by another process on ${host}; choose another one, or 0 for any free port`,
  EACCES: (_, port) => `HTTP_PORT=${port} may not be used by this user; choose one above 1023`,
  EADDRNOTAVAIL: (host) => `HTTP_HOST=${host} is not an address of this machine`,
  ENOTFOUND: (host) => `HTTP_HOST=${host} is not a known host name`,
};

async function listen(server: Server, { host, port }: HttpServerOptions): Promise<string> {
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    const describe = ADDRESS_PROBLEMS[(error as NodeJS.ErrnoException).code ?? ''];
    throw describe === undefined ? error : new ExpectedError(describe(host, port), { cause: error });
  }
  const { address, family, port: taken } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`;
}
