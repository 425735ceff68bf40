import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from '../../src/kafka/registry.js';
import { until } from './until.js';

/** Registers what is missing, while other test files may do the same. */
export async function registered(registry: Registry): Promise<void> {
  await until(() =>
    registry.registerMissing().then(
      () => true,
      () => false,
    ),
  );
}

/** What the proxy makes of the registry's answers. */
export type Answer =
  | 'pass'
  | '500'
  | 'html'
  | 'html 404'
  | 'empty'
  | 'json'
  | 'cut'
  | 'another schema'
  | 'forgot'
  | 'forgot ids'
  | 'gone after a registration';

export interface RegistryProxy {
  readonly url: string;
  answer(how: Answer): void;
  close(): Promise<void>;
}

const JSON_TYPE = 'application/vnd.schemaregistry.v1+json';
const PAGE = '<!doctype html><html><body><h1>Service temporarily moved</h1></body></html>';

const NONSENSE: Partial<Record<Answer, readonly [status: number, type: string, body: string]>> = {
  '500': [500, JSON_TYPE, '{"error_code":50001,"message":"Error in the backend data store"}'],
  html: [200, 'text/html', PAGE],
  'html 404': [404, 'text/html', PAGE],
  empty: [200, JSON_TYPE, ''],
  json: [200, JSON_TYPE, '{"status":"UP"}'],
  cut: [200, JSON_TYPE, '{"id":1,"schema":"{\\"type\\":\\"rec'],
  forgot: [404, JSON_TYPE, '{"error_code":40403,"message":"Schema not found"}'],
};

/** Stands before the real registry and answers in its place, sensibly or not. */
export async function registryProxy(target: string): Promise<RegistryProxy> {
  let how: Answer = 'pass';
  let registrations = 0;
  const server = createServer((incoming, outgoing) => {
    const isSchema = /\/schemas\/ids\/\d+/.test(incoming.url ?? '');
    const nonsense = how === 'forgot ids' && isSchema ? NONSENSE.forgot : NONSENSE[how];
    if (how === 'gone after a registration' && registrations > 0) {
      outgoing.destroy();
      return;
    }
    if (incoming.method === 'POST' && /\/versions$/.test(incoming.url ?? '')) registrations += 1;
    if (nonsense !== undefined) {
      incoming.resume();
      say(outgoing, ...nonsense);
    } else if (how === 'another schema' && isSchema) {
      incoming.resume();
      say(
        outgoing,
        200,
        JSON_TYPE,
        JSON.stringify({ schema: '{"type":"record","name":"Other","fields":[]}' }),
      );
    } else {
      const url = new URL(target);
      const onward = request(
        {
          host: url.hostname,
          port: url.port,
          path: incoming.url,
          method: incoming.method,
          headers: incoming.headers,
        },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${new URL(target).pathname}`,
    answer: (next) => {
      how = next;
      registrations = 0;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function say(outgoing: ServerResponse, status: number, type: string, body: string): void {
  outgoing.writeHead(status, { 'content-type': type });
  outgoing.end(body);
}
