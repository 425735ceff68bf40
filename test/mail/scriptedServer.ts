import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** What the server does with one message; the last behaviour of a script is kept. */
export type Behaviour =
  | 'accept'
  /** An answer instead of the usual one. */
  | { readonly connect: number }
  | { readonly sender: number }
  /** The first message of a connection is taken, a second one is answered so. */
  | { readonly secondSender: number }
  | { readonly recipient: number }
  | { readonly afterDot: number }
  /** The connection breaks. */
  | 'drop-at-recipient'
  | 'drop-after-dot'
  /** No answer, for ever or until `release`. */
  | 'silent-at-recipient'
  | 'silent-after-dot';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: Buffer;
}

/** A real SMTP server in this process that follows a script. */
export interface ScriptedServer {
  readonly url: string;
  readonly port: number;
  /** Messages whose data arrived whole, whatever was answered. */
  readonly received: ReceivedMail[];
  /** Messages that were answered with 250. */
  readonly accepted: ReceivedMail[];
  readonly connections: () => number;
  script(...behaviours: Behaviour[]): void;
  /** Behaviour by recipient, ahead of the script. */
  forRecipient(address: string, behaviour: Behaviour): void;
  /** Commands and messages that were kept waiting. */
  readonly waiting: () => number;
  /** Answers 250 to everything that was kept waiting. */
  release(): void;
  /** Breaks every connection there is. */
  dropAll(): void;
  /** Connections that are open. */
  readonly open: () => number;
  stop(): Promise<void>;
}

interface Socketed {
  readonly id: string;
  readonly _socket: { destroy(): void };
}

const refusal = (code: number): Error => Object.assign(new Error(`scripted ${code}`), { responseCode: code });

export async function scriptedServer(
  options: Partial<SMTPServerOptions> = {},
  listenOn = 0,
): Promise<ScriptedServer> {
  const received: ReceivedMail[] = [];
  const accepted: ReceivedMail[] = [];
  const byRecipient = new Map<string, Behaviour>();
  const held: (() => void)[] = [];
  let script: Behaviour[] = ['accept'];
  let connections = 0;
  const current = new Map<string, Behaviour>();
  const used = new Set<string>();
  const behaviourOf = (id: string): Behaviour => current.get(id) ?? 'accept';

  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    closeTimeout: 50,
    logger: false,
    ...options,
    onConnect(session, callback) {
      connections += 1;
      current.set(session.id, (script.length > 1 ? script.shift() : script[0]) ?? 'accept');
      const behaviour = behaviourOf(session.id);
      callback(typeof behaviour === 'object' && 'connect' in behaviour ? refusal(behaviour.connect) : null);
    },
    onMailFrom(_address, session, callback) {
      const behaviour = behaviourOf(session.id);
      const isSecond = used.has(session.id);
      used.add(session.id);
      if (typeof behaviour === 'object' && 'sender' in behaviour) callback(refusal(behaviour.sender));
      else if (isSecond && typeof behaviour === 'object' && 'secondSender' in behaviour)
        callback(refusal(behaviour.secondSender));
      else callback(null);
    },
    onRcptTo({ address }, session, callback) {
      const own = byRecipient.get(address);
      if (own !== undefined) current.set(session.id, own);
      const behaviour = behaviourOf(session.id);
      if (behaviour === 'drop-at-recipient') drop(session.id);
      else if (behaviour === 'silent-at-recipient') held.push(() => callback());
      else if (typeof behaviour === 'object' && 'recipient' in behaviour)
        callback(refusal(behaviour.recipient));
      else callback();
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail: ReceivedMail = {
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks),
        };
        received.push(mail);
        const accept = (): void => {
          accepted.push(mail);
          callback();
        };
        const behaviour = behaviourOf(session.id);
        if (behaviour === 'drop-after-dot') drop(session.id);
        else if (behaviour === 'silent-after-dot') held.push(accept);
        else if (typeof behaviour === 'object' && 'afterDot' in behaviour)
          callback(refusal(behaviour.afterDot));
        else accept();
      });
    },
  });
  server.on('error', () => undefined);

  function drop(id: string): void {
    for (const connection of sockets()) if (connection.id === id) connection._socket.destroy();
  }

  const sockets = (): Set<Socketed> => server.connections;

  server.listen(listenOn, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    port,
    received,
    accepted,
    connections: () => connections,
    script: (...behaviours) => {
      script = behaviours;
    },
    forRecipient: (address, behaviour) => {
      byRecipient.set(address, behaviour);
    },
    waiting: () => held.length,
    release: () => {
      for (const accept of held.splice(0)) accept();
    },
    dropAll: () => {
      for (const connection of sockets()) connection._socket.destroy();
    },
    open: () => sockets().size,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
