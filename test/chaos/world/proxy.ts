import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What happens to connections through the proxy. */
export type Weather =
  | { readonly kind: 'fair' }
  /** New connections are refused, open ones reset. */
  | { readonly kind: 'down' }
  /** Bytes of both directions arrive late. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Nothing arrives and nothing ends: both sides believe in the connection. */
  | { readonly kind: 'silent' }
  /** Every request is answered with these bytes, then the connection ends. */
  | { readonly kind: 'answers'; readonly bytes: string };

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** A TCP proxy in this process: a network that can be bad on purpose. */
export class Proxy {
  private weather: Weather = { kind: 'fair' };
  private readonly pairs = new Set<Pair>();
  private held: (() => void)[] = [];

  private constructor(
    private readonly listener: Server,
    readonly port: number,
    private readonly target: () => number,
  ) {}

  /** Listens on a free port (or the given one) of the loopback and passes on to `target`, asked at each connection. */
  static async start(target: () => number, port = 0): Promise<Proxy> {
    const listener = createServer({ allowHalfOpen: true });
    listener.listen(port, '127.0.0.1');
    await once(listener, 'listening');
    const proxy = new Proxy(listener, (listener.address() as AddressInfo).port, target);
    listener.on('connection', (client) => proxy.take(client));
    return proxy;
  }

  /** Changes the weather; what was held back while it was silent goes on when it is fair again. */
  set(weather: Weather): void {
    this.weather = weather;
    if (weather.kind === 'down') this.cut();
    if (weather.kind === 'silent') return;
    for (const go of this.held.splice(0)) go();
  }

  /** Resets every open connection. */
  cut(): void {
    for (const { client, server } of this.pairs) {
      reset(client);
      reset(server);
    }
    this.pairs.clear();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => {
      this.listener.close(() => resolve());
    });
  }

  private take(client: Socket): void {
    client.on('error', () => undefined);
    const { weather } = this;
    if (weather.kind === 'down') {
      reset(client);
      return;
    }
    if (weather.kind === 'answers') {
      client.once('data', () => client.end(weather.bytes));
      return;
    }
    const server = connect({ host: '127.0.0.1', port: this.target(), allowHalfOpen: true });
    server.on('error', () => reset(client));
    const pair = { client, server };
    this.pairs.add(pair);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.pass(from, to);
      from.once('close', () => {
        this.pairs.delete(pair);
        to.destroy();
      });
    }
  }

  /** One chunk after another, so that delays keep their order. */
  private pass(from: Socket, to: Socket): void {
    const forward = (chunk: Buffer | null): void => {
      const go = (): void => {
        if (chunk === null) to.end();
        else if (!to.destroyed) to.write(chunk);
        from.resume();
      };
      from.pause();
      if (this.weather.kind === 'silent') this.held.push(go);
      else if (this.weather.kind === 'slow') setTimeout(go, this.weather.ms);
      else go();
    };
    from.on('data', (chunk: Buffer) => forward(chunk));
    from.on('end', () => forward(null));
  }
}

/** A connection that has begun to end is closed: Node loses hold of one that is reset then, and it stays open for ever. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
