import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import {
  writeFetch,
  type FetchSettings,
  type RequestWriter,
} from '../../../src/kafka/consumer/fetchRequest.js';

interface Written extends RequestWriter {
  readonly buffer: Buffer;
}

const require = createRequire(import.meta.url);
const Encoder = require('kafkajs/src/protocol/encoder') as new (bytes?: number) => Written;
const { protocol } = require('kafkajs/src/protocol/requests/fetch') as {
  protocol: (of: { version: number }) => (settings: FetchSettings) => {
    request: { encode: () => Promise<Written> };
  };
};
const clientsOwn = protocol({ version: 11 });

const common = { maxWaitTime: 100, minBytes: 1, maxBytes: 4_194_304 };
const partition = (number: number, fetchOffset: string) => ({
  partition: number,
  fetchOffset,
  maxBytes: 1_048_576,
});

describe('a request for records', () => {
  it.each<[string, FetchSettings]>([
    ['of nothing', { ...common, topics: [] }],
    [
      'of topics that come more than once, at any offset',
      {
        ...common,
        isolationLevel: 0,
        rackId: 'zone-é',
        topics: [
          { topic: 'platform.chats.v1', partitions: [partition(3, '0'), partition(0, '9007199254740991')] },
          { topic: 'platform.accounts.v1', partitions: [partition(1, '4294967296')] },
          { topic: 'platform.chats.v1', partitions: [partition(1, '-1')] },
        ],
      },
    ],
    [
      'of many partitions',
      {
        ...common,
        topics: [
          {
            topic: 'a-topic-with-a-name-that-is-longer-than-most-of-them-are-in-any-installation.v1',
            partitions: Array.from({ length: 500 }, (_, n) => partition(n, String(n * 1_000_003))),
          },
        ],
      },
    ],
  ])('is written as the client writes it: %s', async (_, settings) => {
    const ours = writeFetch((bytes) => new Encoder(bytes), settings);
    const theirs = await clientsOwn(settings).request.encode();
    expect(ours.buffer.toString('hex')).toBe(theirs.buffer.toString('hex'));
  });
});
