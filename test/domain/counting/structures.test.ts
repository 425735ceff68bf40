import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Bucket } from '../../../src/domain/counting/bucket.js';
import { Buckets, WHOLE_ACCOUNT } from '../../../src/domain/counting/buckets.js';
import { peakEndingFrom } from '../../../src/domain/counting/peak.js';
import { SeenIds } from '../../../src/domain/counting/seenIds.js';
import { plus } from '../../../src/domain/counting/slots.js';

const HOUR = 3_600_000;
const T = Date.parse('2026-05-20T10:00:00Z');

describe('peakEndingFrom', () => {
  const minutes = fc.option(
    fc
      .array(fc.integer({ min: 0, max: 40 }), { minLength: 60, maxLength: 60 })
      .map((n) => Float64Array.from(n)),
  );

  it('is the largest naive sum of sixty minutes that end at a minute from the given one on', () => {
    fc.assert(
      fc.property(minutes, minutes, fc.integer({ min: 0, max: 59 }), (before, hour, from) => {
        const all = [...(before ?? new Float64Array(60)), ...(hour ?? new Float64Array(60))];
        const sums = Array.from({ length: 60 - from }, (_, n) =>
          all.slice(from + n + 1, from + n + 61).reduce((a, b) => a + b, 0),
        );
        expect(peakEndingFrom(before, hour, from)).toBe(Math.max(...sums));
      }),
      { numRuns: 300 },
    );
  });
});

describe('SeenIds', () => {
  const idOf = (n: number): Buffer => createHash('sha256').update(String(n)).digest().subarray(0, 16);

  it('knows each of 100,000 ids after growing, and no other', () => {
    const seen = new SeenIds(0);
    for (let n = 0; n < 100_000; n += 1) expect(seen.add(idOf(n)) || n).toBe(true);
    let again = 0;
    for (let n = 0; n < 100_000; n += 1) if (seen.add(idOf(n))) again += 1;
    expect(again).toBe(0);
    expect(seen.size).toBe(100_000);
    expect(seen.add(idOf(100_000))).toBe(true);
    expect(seen.bytes / seen.size).toBeLessThan(26);
  });

  it('takes in stored chunks, overlapping ones too', () => {
    const seen = new SeenIds(0);
    const chunk = (from: number, to: number): Buffer =>
      Buffer.concat(Array.from({ length: to - from }, (_, n) => idOf(from + n)));
    seen.load(chunk(0, 1_000));
    seen.load(chunk(500, 1_500));
    seen.load(Buffer.alloc(0));
    expect(seen.size).toBe(1_500);
    expect(seen.add(idOf(1_499))).toBe(false);
    expect(seen.add(idOf(1_500))).toBe(true);
  });

  it('takes in a chunk that begins anywhere in memory', () => {
    const seen = new SeenIds(0);
    for (let from = 0; from < 8; from += 1) {
      const memory = new Uint8Array(40);
      memory.set(idOf(1), from);
      memory.set(idOf(2), from + 16);
      seen.load(memory.subarray(from, from + 32));
    }
    expect([seen.size, seen.add(idOf(1)), seen.add(idOf(2)), seen.add(idOf(3))]).toEqual([
      2,
      false,
      false,
      true,
    ]);
  });

  it('makes room ahead without forgetting or inventing any', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 100 })), { maxLength: 8 }),
        (steps) => {
          const seen = new SeenIds(0);
          let ids = 0;
          for (const [few, more] of steps) {
            for (let n = 0; n < few; n += 1) expect(seen.add(idOf(ids + n))).toBe(true);
            ids += few;
            seen.reserve(more);
            for (let n = 0; n < ids; n += 1) expect(seen.add(idOf(n))).toBe(false);
            expect(seen.size).toBe(ids);
          }
        },
      ),
    );
  });

  it('takes no more memory by room made ahead than it would have come to', () => {
    const [ahead, step] = [new SeenIds(0), new SeenIds(0)];
    ahead.reserve(1_000);
    for (let n = 0; n < 1_000; n += 1) expect([ahead.add(idOf(n)), step.add(idOf(n))]).toEqual([true, true]);
    expect(ahead.bytes).toBe(400 + 1_250 * 16);
    expect(ahead.bytes).toBeLessThanOrEqual(step.bytes);
  });

  it('takes no more memory for ids that are there', () => {
    const seen = new SeenIds(0);
    seen.reserve(1_000);
    for (let n = 0; n < 1_000; n += 1) expect(seen.add(idOf(n))).toBe(true);
    const { bytes } = seen;
    for (let n = 0; n < 1_000; n += 1) expect(seen.add(idOf(n))).toBe(false);
    expect(seen.bytes).toBe(bytes);
    expect(seen.add(idOf(1_000))).toBe(true);
    expect(seen.bytes).toBeGreaterThan(bytes);
  });

  it('takes ids of zeros for what they are', () => {
    const seen = new SeenIds(0);
    expect([seen.add(new Uint8Array(16)), seen.add(new Uint8Array(16))]).toEqual([true, false]);
    const other = new Uint8Array(16).fill(0, 0, 15);
    other[15] = 1;
    expect(seen.add(other)).toBe(true);
  });
});

describe('Bucket', () => {
  it('is an array of counts, however few or many slots are used', () => {
    const addition = fc.tuple(
      fc.integer({ min: 0, max: 59 }),
      fc.oneof(fc.integer({ min: 0, max: 3 }), fc.maxSafeNat()),
    );
    const additions = fc.oneof(fc.array(addition, { maxLength: 8 }), fc.array(addition, { maxLength: 300 }));
    fc.assert(
      fc.property(additions, additions, fc.nat(60), fc.nat(60), (stored, added, from, to) => {
        const naive = new Float64Array(60);
        const before = new Bucket('chats', 3, 'w1');
        const add = (bucket: Bucket, slot: number, amount: number): void => {
          naive[slot] = plus(naive[slot] ?? 0, amount);
          bucket.add(slot, amount);
        };
        for (const [slot, amount] of stored) add(before, slot, amount);
        const bucket = new Bucket('chats', 3, 'w1', before.pairs.slice());
        for (const [slot, amount] of added) add(bucket, slot, amount);
        const sums = new Float64Array(60);
        bucket.addTo(sums);
        expect(sums).toEqual(naive);
        expect(bucket.pairs).toEqual([...naive].flatMap((count, slot) => (count > 0 ? [slot, count] : [])));
        expect(bucket.sum(from, to)).toBe(naive.slice(from, Math.max(from, to)).reduce(plus, 0));
      }),
      { numRuns: 300 },
    );
    expect(new Bucket('chats', 3, 'w1').periodStart).toBe(3 * HOUR);
  });
});

describe('Buckets', () => {
  it('sums exactly the slots of a window, of a workspace and of the whole account', () => {
    const event = fc.record({
      at: fc.integer({ min: T - 3 * HOUR, max: T + 3 * HOUR }),
      ws: fc.constantFrom('w1', 'w2'),
      amount: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(
        fc.array(event),
        fc.integer({ min: -12, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        (events, from, length) => {
          for (const metric of ['chats', 'sessions'] as const) {
            const buckets = new Buckets(metric);
            for (const { at, ws, amount } of events) buckets.add(at, ws, amount);
            const start = T + (from * HOUR) / 4;
            const window = { start, end: start + (length * HOUR) / 4 };
            const inside = events.filter(({ at }) => at >= window.start && at < window.end);
            const sum = (of: typeof events): number => of.reduce((total, { amount }) => total + amount, 0);
            expect(buckets.sum(window, WHOLE_ACCOUNT)).toBe(sum(inside));
            expect(buckets.sum(window, 'w1')).toBe(sum(inside.filter(({ ws }) => ws === 'w1')));
            const used = ['w1', 'w2'].filter((ws) => sum(inside.filter((e) => e.ws === ws)) > 0);
            expect(buckets.workspacesIn(window)).toEqual(used);
          }
        },
      ),
    );
  });

  it('takes a stored workspace in once, whatever was counted since', () => {
    const buckets = new Buckets('chats');
    buckets.load(T, 'w1', [5, 7]);
    buckets.markPeriod(T);
    buckets.add(T + 5 * 60_000, 'w1', 1);
    buckets.load(T, 'w1', [5, 7]);
    expect(buckets.sum({ start: T, end: T + HOUR }, WHOLE_ACCOUNT)).toBe(8);
    expect([buckets.has(T), buckets.has(T + HOUR)]).toEqual([true, false]);
    buckets.markLoaded({ start: T, end: T + 2 * HOUR });
    expect(buckets.has(T + HOUR)).toBe(true);
  });

  it('remembers every range that was loaded, also when another one is loaded after it', () => {
    const buckets = new Buckets('sessions');
    const hours = (from: number, to: number) => ({ start: T + from * HOUR, end: T + to * HOUR });
    buckets.markLoaded(hours(0, 2));
    buckets.markLoaded(hours(-9, -8));
    expect([hours(0, 2), hours(-9, -8), hours(1, 2), hours(-9, 0)].map((w) => buckets.covers(w))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    buckets.markLoaded(hours(-8, 0));
    expect(buckets.covers(hours(-9, 2))).toBe(true);
  });
});
