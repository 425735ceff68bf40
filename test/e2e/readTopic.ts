import avro from 'avsc';
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import type { World } from './world.js';

type Value = Record<string, unknown>;

/** Reads a topic from its beginning until it holds `count` records; dead letters as their headers and bytes. */
export async function readTopic(
  world: World,
  topic: string,
  count: number,
  withinMs = 30_000,
): Promise<Value[]> {
  const decode = topic === 'fair-use.dead-letters.v1' ? null : decoder(topic);
  const consumer = world.kafka.consumer({ groupId: `test-${randomUUID()}`, maxWaitTimeInMs: 100 });
  const found: Value[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${topic}: ${found.length} of ${count} records`)),
        withinMs,
      );
      consumer
        .run({
          eachMessage: ({ message }) => {
            if (decode !== null && message.value !== null) found.push(decode(message.value));
            else {
              const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [
                name,
                String(value),
              ]);
              found.push({ ...(Object.fromEntries(headers) as Value), bytes: message.value });
            }
            if (found.length >= count) {
              clearTimeout(timer);
              resolve();
            }
            return Promise.resolve();
          },
        })
        .catch(reject);
    });
    return found;
  } finally {
    await consumer.disconnect();
  }
}

function decoder(topic: string): (bytes: Buffer) => Value {
  const type = avro.Type.forSchema(JSON.parse(readFileSync(`schemas/${topic}.avsc`, 'utf8')) as avro.Schema);
  return (bytes) => ({ ...(type.fromBuffer(bytes.subarray(5)) as Value) });
}
