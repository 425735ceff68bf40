import { describe, it, expect } from '@jest/globals';
import { ExpectedError } from '../../src/support/expectedError.js';
import { isOutage, reasonOf, waitOut } from '../../src/support/outage.js';

function error(message: string, clues: Record<string, unknown> = {}, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), clues);
}

describe('isOutage', () => {
  it.each([
    ['connection refused', error('', { code: 'ECONNREFUSED' })],
    ['both addresses of localhost refused', new AggregateError([error('x', { code: 'ECONNREFUSED' })])],
    [
      'a standby that is not promoted yet',
      error('cannot execute in a read-only transaction', { code: '25006' }),
    ],
    ['a transaction in which this process was stopped', error('terminating connection', { code: '25P03' })],
    ['a disk that failed', error('could not write block', { code: '58030' })],
    ['Postgres starting up', error('the database system is starting up', { code: '57P03' })],
    ['Postgres out of connections', error('sorry, too many clients already', { code: '53300' })],
    ['a dropped connection', error('Connection terminated unexpectedly')],
    [
      'a connection that broke under a migration',
      error('ROLLBACK - Client has encountered a connection error and is not queryable'),
    ],
    [
      'kafkajs, when a connection breaks while it looks at the cluster',
      new TypeError("Cannot read properties of null (reading 'topicMetadata')"),
    ],
    ['kafkajs giving up', error('x', { name: 'KafkaJSNumberOfRetriesExceeded', retriable: false })],
    ['a registry that answers 503', error('x', { name: 'RegistryUnavailable' }, error('y', { status: 503 }))],
  ])('%s passes', (_, problem) => {
    expect(isOutage(problem)).toBe(true);
  });

  it.each([
    ['a wrong password', error('x', { code: '28P01' })],
    ['a missing database', error('x', { code: '3D000' })],
    ['a refused login', error('x', { name: 'KafkaJSSASLAuthenticationError' })],
    ['a broker that forbids', error('x', { name: 'KafkaJSProtocolError', type: 'T', retriable: false })],
    ['an incompatible schema', error('x', { name: 'RegistryUnavailable' }, error('y', { status: 409 }))],
    ['a bug', new TypeError('x is not a function')],
    ['no error at all', undefined],
  ])('%s does not', (_, problem) => {
    expect(isOutage(problem)).toBe(false);
  });
});

describe('waitOut', () => {
  it('says what it waits for and returns what comes at last', async () => {
    const said: string[] = [];
    let attempts = 0;
    const result = await waitOut(
      'the mill',
      () => {
        attempts += 1;
        return attempts < 3
          ? Promise.reject(error('refused', { code: 'ECONNREFUSED' }))
          : Promise.resolve('corn');
      },
      { onWaiting: (message) => said.push(message) },
    );
    expect([result, attempts, said]).toEqual(['corn', 3, ['waiting for the mill: refused']]);
  });

  it('turns a refusal into one clear line and leaves an unknown error alone', async () => {
    const options = { onWaiting: () => undefined };
    const refusal = waitOut('the mill', () => Promise.reject(error('no entry', { code: '28P01' })), options);
    await expect(refusal).rejects.toBeInstanceOf(ExpectedError);
    await expect(refusal).rejects.toThrow('the mill refuses: no entry');
    const bug = new RangeError('bug');
    await expect(waitOut('the mill', () => Promise.reject(bug), options)).rejects.toBe(bug);
  });

  it('finds the innermost reason', () => {
    expect(reasonOf(error('outer', {}, error('inner\n line')))).toBe('inner line');
    expect(reasonOf(new AggregateError([error('', { code: 'ECONNREFUSED' })]))).toBe('ECONNREFUSED');
  });
});
