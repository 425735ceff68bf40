import { describe, expect, it } from '@jest/globals';
import { arrived, carried } from '../../src/support/carriedError.js';
import { isOutage, reasonOf } from '../../src/support/outage.js';

function error(message: string, clues: Record<string, unknown> = {}, cause?: unknown): Error {
  return Object.assign(new Error(message, cause === undefined ? {} : { cause }), clues);
}

/** The error as another thread has it. */
const crossed = (problem: unknown): Error => arrived(structuredClone(carried(problem)));

describe('an error that passes from one thread to another', () => {
  it.each([
    ['a refused connection', error('', { code: 'ECONNREFUSED' })],
    ['both addresses of localhost refused', new AggregateError([error('', { code: 'ECONNREFUSED' })])],
    ['kafkajs giving up', error('x', { name: 'KafkaJSNumberOfRetriesExceeded', retriable: false })],
    ['a registry that answers 503', error('x', { name: 'RegistryUnavailable' }, error('y', { status: 503 }))],
    ['a cause of a cause', error('x', {}, error('y', {}, error('z', { code: 'ETIMEDOUT' })))],
    ['a dropped connection', error('Connection terminated unexpectedly')],
  ])('passes by itself afterwards if it did before: %s', (_, problem) => {
    expect(isOutage(problem)).toBe(true);
    expect(isOutage(crossed(problem))).toBe(true);
    expect(reasonOf(crossed(problem))).toBe(reasonOf(problem));
  });

  it.each([
    ['a broker that forbids', error('x', { name: 'KafkaJSProtocolError', type: 'T', retriable: false })],
    ['a refused login', error('x', { name: 'KafkaJSSASLAuthenticationError' })],
    ['an incompatible schema', error('x', { name: 'RegistryUnavailable' }, error('y', { status: 409 }))],
    [
      'a refusal among what Kafka gathered',
      error('x', { name: 'KafkaJSAggregateError', errors: [error('y', { type: 'T', retriable: false })] }),
    ],
    ['a bug', new TypeError('x is not a function')],
    ['no error at all', undefined],
  ])('does not pass afterwards if it did not before: %s', (_, problem) => {
    expect(isOutage(problem)).toBe(false);
    expect(isOutage(crossed(problem))).toBe(false);
    expect(reasonOf(crossed(problem))).toBe(reasonOf(problem));
  });

  it('reads as before', () => {
    const problem = error('outer', { name: 'KafkaJSError' }, new RangeError('inner'));
    const { name, message, stack, cause } = crossed(problem);
    expect({ name, message, stack }).toEqual({
      name: 'KafkaJSError',
      message: 'outer',
      stack: problem.stack,
    });
    expect(cause).toBeInstanceOf(Error);
    expect(cause).toMatchObject({ name: 'RangeError', message: 'inner' });
    expect(crossed(new Error('alone')).cause).toBeUndefined();
  });

  it('arrives also when it is its own cause', () => {
    const problem = error('round', { code: 'ECONNRESET' });
    problem.cause = problem;
    expect(isOutage(crossed(problem))).toBe(true);
  });
});
