import { createServer, connect } from 'node:net';

/** Below the range from which systems take the ports of outgoing connections: nobody steals one meanwhile. */
const FREE_FROM = 20_000;
const FREE_TO = 32_000;
const LOOPBACK = '127.0.0.1';

/** Whether something accepts connections on this loopback port. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK, port });
    const done = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.setTimeout(1000, () => {
      done(true);
    });
    socket.once('connect', () => {
      done(true);
    });
    socket.once('error', () => {
      done(false);
    });
  });
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/** Binding alone is not enough: a listener on all addresses does not stop a bind to one of them everywhere. */
async function isFree(port: number): Promise<boolean> {
  return !(await isListening(port)) && canBind(port);
}

/** A loopback port that nobody listens on now. */
export async function freePort(taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = FREE_FROM + Math.floor(Math.random() * (FREE_TO - FREE_FROM));
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port between ${FREE_FROM} and ${FREE_TO}`);
}

/**
 * One port per name: the wanted one where it is free, else another.
 * @param wanted port numbers by name; 0 asks for any free one
 */
export async function choosePorts(wanted: Readonly<Record<string, number>>): Promise<Record<string, number>> {
  const chosen: Record<string, number> = {};
  const taken = new Set<number>();
  for (const [name, port] of Object.entries(wanted)) {
    const usable = port !== 0 && !taken.has(port) && (await isFree(port));
    const choice = usable ? port : await freePort(taken);
    chosen[name] = choice;
    taken.add(choice);
  }
  return chosen;
}
