import { describe, expect, it } from '@jest/globals';
import { createKafka } from '../../../src/kafka/client.js';
import { readRecords } from '../../../src/kafka/consumer/readRecords.js';
import { createLog } from '../../../src/support/log.js';
import { testStack, uniqueName } from '../../support/stack.js';

const TOPIC = 'platform.replies.v1';

describe('records at places of the log', () => {
  // Nothing else here reads the input: what a command needs for it, it must bring along.
  it('are read by a process that does not count', async () => {
    const brokers = [testStack().kafkaBrokers];
    const kafka = createKafka({ brokers, ssl: false, sasl: null }, 'records-test', createLog('silent'));
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
    const value = uniqueName('record');
    const producer = kafka.producer();
    await producer.connect();
    const [sent] = await producer.send({ topic: TOPIC, messages: [{ value, partition: 0 }] });
    await producer.disconnect();
    const offset = Number(sent?.baseOffset);
    const found = await readRecords(kafka, [{ topic: TOPIC, partition: 0, offset }], 20_000);
    expect(found.get(`${TOPIC}/0`)).toMatchObject({ offset, key: null, value: Buffer.from(value) });
  }, 60_000);
});
