import { MeshError } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, it } from 'vitest';
import { DeferredLogger } from './deferred-logger.ts';
import { openLogger, type LogLevel } from './pino-logger.ts';

async function open(level?: LogLevel) {
  const lines: unknown[] = [];
  const opened = await openLogger({
    name: 'activator',
    clock: new SimulatedTime(Date.UTC(2026, 1, 3, 4, 5, 6, 789)),
    write: (line) => lines.push(JSON.parse(line)),
    ...(level === undefined ? {} : { level }),
  });
  return { ...opened, opened, lines };
}

describe('a log line', () => {
  it('has Knative’s keys', async () => {
    const { logger, lines } = await open();
    logger.info('cold start', { revision: 'default/hello-00001', waitedMs: 12.5 });
    expect(lines).toEqual([
      {
        severity: 'INFO',
        timestamp: '2026-02-03T04:05:06.789Z',
        logger: 'activator',
        revision: 'default/hello-00001',
        waitedMs: 12.5,
        message: 'cold start',
      },
    ]);
  });

  it('carries what its logger was bound to', async () => {
    const { logger, lines } = await open();
    logger.child({ revision: 'a/b' }).warn('probe failed');
    expect(lines).toMatchObject([{ severity: 'WARN', revision: 'a/b', message: 'probe failed' }]);
  });

  it('writes an error with code, message and cause, and no stack for what the world did', async () => {
    const { logger, lines } = await open();
    logger.error('connect failed', { error: new MeshError('connect-refused', 'no', { cause: new Error('ECONNREFUSED') }) });
    expect(lines).toMatchObject([{ error: { name: 'MeshError', code: 'connect-refused', message: 'no', cause: { message: 'ECONNREFUSED' } } }]);
    expect(JSON.stringify(lines)).not.toContain('stack');
  });
});

describe('the level', () => {
  it('is info at first and leaves out what is below', async () => {
    const { logger, lines } = await open();
    logger.debug('detail');
    expect(lines).toEqual([]);
  });

  it('may be changed while running, also for children made before', async () => {
    const { logger, opened, lines } = await open('error');
    const child = logger.child({ part: 'x' });
    child.info('one');
    opened.setLevel('debug');
    child.debug('two');
    expect(lines).toMatchObject([{ message: 'two', severity: 'DEBUG', part: 'x' }]);
  });
});

describe('a deferred logger', () => {
  it('keeps events until there is a logger, then passes on, in order', async () => {
    const { logger, lines } = await open();
    const deferred = new DeferredLogger();
    deferred.info('first', { n: 1 });
    const child = deferred.child({ part: 'x' });
    child.warn('second');
    deferred.attach(logger);
    child.info('third');
    expect(lines).toMatchObject([
      { message: 'first', n: 1 },
      { message: 'second', part: 'x', severity: 'WARN' },
      { message: 'third', part: 'x' },
    ]);
  });
});
