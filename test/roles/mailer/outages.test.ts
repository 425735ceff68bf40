import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, request } from 'node:http';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import { Registry } from '../../../src/kafka/registry.js';
import { scriptedServer } from '../../mail/scriptedServer.js';
import { testStack } from '../../support/stack.js';
import { contact, Harness, TOPIC, unique, until } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterAll(() => harness.close());
afterEach(() => harness.stopMailers());

const problemOf = (mailer: { problem(): string | null }) => (): string => mailer.problem() ?? 'none';
const records = async (outcome: string): Promise<number> => {
  const { values } = await harness.metrics.recordsRead.get();
  return values.find(({ labels }) => labels.topic === TOPIC && labels.outcome === outcome)?.value ?? 0;
};

describe('records that make no sense', () => {
  it('are counted and skipped', async () => {
    const good = await harness.notice([contact(unique('ada'))]);
    const foreign = { ...good, accountId: 'elsewhere' };
    const head = Buffer.from([0, 0, 0xff, 0xff, 0xff]);
    await harness.publishRaw(
      { key: good.accountId, value: null },
      { key: good.accountId, value: Buffer.from('garbage') },
      { key: good.accountId, value: head },
    );
    await harness.publish({ ...good, notificationId: 'no uuid' });
    await harness.publish(foreign);
    await harness.publish(good);
    await harness.start();
    await harness.settled(good, 'SENT');
    await until(async () => (await records('undecodable')) >= 4 && (await records('foreign')) >= 1);
  });
});

describe('the registry', () => {
  it('may be away: nothing is skipped, and it goes on by itself', async () => {
    const gate = await registryGate();
    gate.open(false);
    const notice = await harness.notice([contact(unique('ada'))]);
    await harness.publish(notice);
    const mailer = await harness.start({ registry: new Registry(gate.url) });
    await until(() => gate.refused() >= 2, problemOf(mailer));
    expect(mailer.problem()).not.toBeNull();
    expect(await harness.deliveriesOf(notice)).toEqual([]);
    gate.open(true);
    await harness.settled(notice, 'SENT');
    await until(() => mailer.health().ready, problemOf(mailer));
    await harness.stopMailers();
    await gate.close();
  });
});

describe('the mail server', () => {
  it('may be away: what waits is sent when it is back', async () => {
    const once = await scriptedServer();
    await once.stop();
    const ada = unique('ada');
    const notice = await harness.notice([contact(ada)]);
    await harness.publish(notice);
    const mailer = await harness.start({
      smtp: { url: once.url, from: 'fair-use@example.com', replyTo: null, requireTls: false },
    });
    await until(async () => ((await harness.deliveriesOf(notice))[0]?.attempts ?? 0) >= 2);
    expect(mailer.health()).toMatchObject({ ready: true, mailServerAnswers: false });
    const back = await scriptedServer({}, once.port);
    await harness.settled(notice, 'SENT');
    await until(() => mailer.health().mailServerAnswers);
    expect(back.accepted.filter(({ to }) => to.includes(ada))).toHaveLength(1);
    await harness.stopMailers();
    await back.stop();
  });
});

describe('the database', () => {
  it('may drop every connection again and again: each notice is mailed once', async () => {
    const notices = await Promise.all(
      Array.from({ length: 30 }, () => harness.notice([contact(unique('ada'))])),
    );
    const mailer = await harness.start();
    await harness.publish(...notices);
    for (let round = 0; round < 6; round += 1) {
      const before = harness.smtp.received.length;
      await harness.pool
        .query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid()`,
        )
        .catch(() => undefined);
      await until(() => harness.smtp.received.length > before || harness.smtp.received.length >= 30);
    }
    for (const notice of notices) {
      await harness.settled(notice, 'SENT');
      const [delivery] = await harness.deliveriesOf(notice);
      expect(harness.receivedFor(delivery!.recipient)).toHaveLength(1);
    }
    await until(() => mailer.health().ready, problemOf(mailer));
  });
});

describe('Kafka', () => {
  it('may be away at the start and in between: the mailer goes on by itself', async () => {
    const broker = gatedKafka();
    broker.open(false);
    const mailer = await harness.start({ kafka: broker.kafka });
    await until(() => broker.refused() >= 2, problemOf(mailer));
    expect(mailer.problem()).not.toBeNull();
    broker.open(true);
    await until(() => mailer.health().ready, problemOf(mailer));

    broker.open(false);
    await until(() => mailer.problem() !== null);
    const notice = await harness.notice([contact(unique('ada'))]);
    await harness.publish(notice);
    broker.open(true);
    await harness.settled(notice, 'SENT');
    await until(() => mailer.health().ready, problemOf(mailer));
  });

  it('may be away at a stop', async () => {
    const broker = gatedKafka();
    broker.open(false);
    const mailer = await harness.start({ kafka: broker.kafka });
    await until(() => broker.refused() >= 1);
    const began = Date.now();
    await mailer.stop();
    expect(Date.now() - began).toBeLessThan(12_000);
  });
});

interface Gate {
  open(open: boolean): void;
  refused(): number;
}

/** A Kafka client whose connections break and are refused while the gate is shut. */
function gatedKafka(): Gate & { readonly kafka: Kafka } {
  const sockets = new Set<Socket>();
  let isOpen = true;
  let refused = 0;
  const kafka = new Kafka({
    brokers: [testStack().kafkaBrokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    retry: { retries: 2, initialRetryTime: 50, maxRetryTime: 200 },
    socketFactory: ({ host, port, onConnect }) => {
      const socket = isOpen ? connect({ host, port }, onConnect) : connect({ host, port });
      if (!isOpen) {
        refused += 1;
        socket.destroy(new Error('the gate is shut'));
      }
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      return socket;
    },
  });
  return {
    kafka,
    refused: () => refused,
    open: (open) => {
      isOpen = open;
      if (!open) for (const socket of sockets) socket.destroy(new Error('the gate is shut'));
    },
  };
}

/** The registry of the run behind a gate. */
async function registryGate(): Promise<Gate & { readonly url: string; close(): Promise<void> }> {
  const target = new URL(testStack().schemaRegistryUrl);
  let isOpen = true;
  let refused = 0;
  const server = createServer((incoming, outgoing) => {
    if (!isOpen) {
      refused += 1;
      incoming.socket.destroy();
      return;
    }
    const { method, headers, url } = incoming;
    const forwarded = request(
      {
        host: target.hostname,
        port: target.port,
        path: url,
        method,
        headers: { ...headers, host: target.host },
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${target.pathname}`,
    refused: () => refused,
    open: (open) => {
      isOpen = open;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
