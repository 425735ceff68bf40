import { describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { freshDatabase, testStack, uniqueName } from './stack.js';

describe('the servers of a test run', () => {
  it('take a topic, and give back what was written to it', async () => {
    const topic = uniqueName('support');
    const client = new Kafka({ brokers: [testStack().kafkaBrokers], logLevel: logLevel.NOTHING });
    const [admin, producer] = [client.admin(), client.producer()];
    await Promise.all([admin.connect(), producer.connect()]);
    await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true });
    await producer.send({ topic, messages: [{ key: 'a', value: 'one', partition: 2 }] });
    const offsets = await admin.fetchTopicOffsets(topic);
    await Promise.all([admin.disconnect(), producer.disconnect()]);
    expect(offsets.map(({ partition, high }) => [partition, high]).sort()).toEqual([
      [0, '0'],
      [1, '0'],
      [2, '1'],
    ]);
  });

  it('give a schema the same id again, and refuse an incompatible one', async () => {
    const subject = `${testStack().schemaRegistryUrl}/subjects/${uniqueName('support')}-value/versions`;
    const register = async (type: string) => {
      const schema = JSON.stringify({ type: 'record', name: 'A', fields: [{ name: 'x', type }] });
      const response = await fetch(subject, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify({ schema }),
      });
      return { status: response.status, body: (await response.json()) as { id?: number } };
    };
    const first = await register('string');
    expect(first).toEqual({ status: 200, body: { id: expect.any(Number) } });
    expect(await register('string')).toEqual(first);
    await fetch(subject.replace('/subjects/', '/config/').replace('/versions', ''), {
      method: 'PUT',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ compatibility: 'FULL' }),
    });
    expect((await register('long')).status).toBe(409);
  });

  it('give each test file a database of its own', async () => {
    const [one, two] = await Promise.all([freshDatabase('same'), freshDatabase('same')]);
    const names = await Promise.all(
      [one, two].map(async ({ url }) => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        await client.query('create table here (x int)');
        const { rows } = await client.query<{ name: string; encoding: string }>(
          `select current_database() as name, current_setting('server_encoding') as encoding`,
        );
        await client.end();
        return rows[0]!;
      }),
    );
    expect(names.map(({ encoding }) => encoding)).toEqual(['UTF8', 'UTF8']);
    expect(new Set(names.map(({ name }) => name)).size).toBe(2);
    await Promise.all([one.drop(), two.drop()]);
    const gone = new pg.Client({ connectionString: one.url });
    await expect(gone.connect()).rejects.toThrow(/does not exist/);
  });
});
