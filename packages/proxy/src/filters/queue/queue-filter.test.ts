import { RequestStats } from '@sluice/admission';
import { createMeter, createSeededRandom, silentLogger, type Meter } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, it } from 'vitest';
import { outcomes } from '../../outcome.ts';
import { createTestStream } from '../../testing/index.ts';
import { createFilterContexts } from '../filter-context.ts';
import { Drainer } from './drainer.ts';
import { createQueueFilterFactory, type ReadinessProber } from './queue-filter.ts';
import type { LoggedRevision, RequestLog } from '../../request-log/request-log.ts';
import type { QueueFilterValue } from './queue-config.ts';

function createFilter(value: Partial<QueueFilterValue> = {}, prober?: ReadinessProber) {
  const time = new SimulatedTime();
  const stats = new RequestStats(0);
  const drainer = new Drainer({ clock: time, timers: time });
  const meter = createMeter();
  const factory = createQueueFilterFactory({ stats, drainer, ...(prober ? { prober } : {}) });
  const decoded = factory.decode({ container_concurrency: 0, ...value }, '');
  if (!decoded.ok) throw new Error('bad configuration');
  const parts = { clock: time, timers: time, random: createSeededRandom(1), logger: silentLogger, meter };
  const filter = factory.create(decoded.value, createFilterContexts(parts)('test'));
  const arrive = (headers: Record<string, string> = {}) => {
    const stream = createTestStream({ headers });
    return { stream, verdict: filter.onRequest?.(stream) };
  };
  const end = (stream: ReturnType<typeof createTestStream>) => filter.onEnd?.(stream, outcomes.completed);
  return { time, stats, drainer, meter, filter, arrive, end };
}

const count = (meter: Meter, name: string) => meter.collect().find((family) => family.name === name)?.samples[0]?.value;

describe('the limit', () => {
  it('lets so many in, holds the next, and lets it go when one has ended', () => {
    const { arrive, end } = createFilter({ container_concurrency: 1 });
    const first = arrive();
    const second = arrive();
    expect([first.verdict, second.verdict]).toEqual(['continue', 'wait']);
    end(first.stream);
    expect(second.stream.continues).toBe(1);
  });

  it('refuses with Knative’s answer when the queue is full', () => {
    const { arrive, end, stats, meter } = createFilter({ container_concurrency: 1, queue_depth: 10 });
    for (let index = 0; index < 11; index += 1) arrive();
    const { stream, verdict } = arrive();
    expect(verdict).toBe('replied');
    expect(count(meter, 'sluice_queue_refused_total')).toBe(1);
    expect(stream.replies).toEqual([
      {
        status: 503,
        body: 'pending request queue full\n',
        contentType: 'text/plain; charset=utf-8',
        headers: { 'x-content-type-options': 'nosniff' },
        details: 'queue_full',
        flag: 'UO',
      },
    ]);
    end(stream);
    expect(stats.concurrency).toBe(11);
  });

  it('gives the place of one that went away while waiting to nobody, and the next turn to the next', () => {
    const { arrive, end } = createFilter({ container_concurrency: 1 });
    const running = arrive();
    const impatient = arrive();
    const patient = arrive();
    end(impatient.stream);
    end(running.stream);
    expect([impatient.stream.continues, patient.stream.continues]).toEqual([0, 1]);
  });

  it('is none for a concurrency of 0', () => {
    const { arrive } = createFilter();
    const verdicts = Array.from({ length: 500 }, () => arrive().verdict);
    expect(new Set(verdicts)).toEqual(new Set(['continue']));
  });
});

describe('statistics', () => {
  it('count requests that wait, and those an activator sent a second time', () => {
    const { time, arrive, stats } = createFilter({ container_concurrency: 1 });
    arrive();
    arrive({ 'k-proxy-request': 'activator' });
    time.advance(1000);
    expect(stats.report(1000)).toEqual({ averageConcurrency: 2, averageProxiedConcurrency: 1, requestCount: 2, proxiedRequestCount: 1 });
  });

  it('do not count probes', () => {
    const { arrive, end, stats } = createFilter();
    const { stream } = arrive({ 'k-network-probe': 'queue' });
    end(stream);
    expect(stats.report(1000).requestCount).toBe(0);
    expect(stats.concurrency).toBe(0);
  });
});

describe('probes', () => {
  const ready: ReadinessProber = { probe: (onResult) => onResult(true) };

  it('of a kubelet and of activators ask the program', () => {
    expect(createFilter({}, ready).arrive({ 'k-network-probe': 'queue' }).stream.replies).toMatchObject([{ status: 200, body: 'queue' }]);
    const unready: ReadinessProber = { probe: (onResult) => onResult(false) };
    expect(createFilter({}, unready).arrive({ 'k-network-probe': 'queue' }).stream.replies).toMatchObject([{ status: 503, body: '' }]);
  });

  it('wait for a program that takes its time, unless they go away first', () => {
    const waiting: ((isReady: boolean) => void)[] = [];
    const { arrive } = createFilter({}, { probe: (onResult) => waiting.push(onResult) });
    const first = arrive({ 'k-network-probe': 'queue' });
    const second = arrive({ 'k-network-probe': 'queue' });
    expect(first.verdict).toBe('wait');
    second.stream.isActive = false;
    for (const onResult of waiting) onResult(true);
    expect([first.stream.replies.length, second.stream.replies.length]).toEqual([1, 0]);
  });

  it('without a way to ask are answered 500', () => {
    expect(createFilter().arrive({ 'k-network-probe': 'queue' }).stream.replies).toMatchObject([{ status: 500, body: 'no probe' }]);
  });

  it('for somebody else are answered 400, and so is a kubelet that does not say whom it asks', () => {
    const { arrive } = createFilter({}, ready);
    expect(arrive({ 'k-network-probe': 'activator' }).stream.replies).toMatchObject([{ status: 400, body: 'unexpected probe header value: activator' }]);
    expect(arrive({ 'user-agent': 'kube-probe/1.33' }).stream.replies).toMatchObject([{ status: 400, body: 'unexpected probe header value: ' }]);
    expect(arrive({ 'k-kubelet-probe': 'x' }).stream.replies).toMatchObject([{ status: 400 }]);
  });

  it('of an ingress get their hash back', () => {
    const { arrive } = createFilter();
    expect(arrive({ 'k-network-probe': 'probe', 'k-network-hash': 'abc' }).stream.replies).toMatchObject([
      { status: 200, headers: { 'k-network-hash': 'abc' } },
    ]);
    expect(arrive({ 'k-network-probe': 'probe' }).stream.replies).toMatchObject([
      { status: 400, body: 'a probe request must contain a non-empty "K-Network-Hash" header' },
    ]);
  });

  it('fail while draining, and requests do not', () => {
    const { arrive, drainer } = createFilter({}, ready);
    drainer.drain(() => {});
    expect(arrive({ 'k-network-probe': 'queue' }).stream.replies).toMatchObject([{ status: 503, body: 'shutting down' }]);
    expect(arrive({ 'k-network-probe': 'probe', 'k-network-hash': 'abc' }).stream.replies).toMatchObject([{ status: 503 }]);
    expect(arrive().verdict).toBe('continue');
  });

  it('that were under way when draining began fail too', () => {
    const waiting: ((isReady: boolean) => void)[] = [];
    const { arrive, drainer } = createFilter({}, { probe: (onResult) => waiting.push(onResult) });
    const { stream } = arrive({ 'k-network-probe': 'queue' });
    drainer.drain(() => {});
    waiting[0]?.(true);
    expect(stream.replies).toMatchObject([{ status: 503 }]);
  });
});

describe('what the program sees', () => {
  it('is not what the mesh tells itself, and the host is the original one', () => {
    const { arrive } = createFilter();
    const { stream } = arrive({
      'knative-serving-revision': 'hello-00001',
      'knative-serving-namespace': 'default',
      'k-original-host': 'hello.example.com',
      'x-mine': '1',
    });
    expect(stream.request.entries()).toEqual([
      ['x-mine', '1'],
      ['x-forwarded-for', '127.0.0.1'],
      ['host', 'hello.example.com'],
    ]);
    expect(stream.request.authority).toBe('hello.example.com');
  });
});

describe('timeouts', () => {
  it('answer 504 when nothing was sent, also to a request that waits', () => {
    const { time, arrive, meter } = createFilter({ container_concurrency: 1, timeout_seconds: 10 });
    const running = arrive();
    time.advance(5000);
    const waiting = arrive();
    time.advance(5000);
    expect(running.stream.replies).toMatchObject([{ status: 504, body: 'request timeout' }]);
    expect(waiting.stream.replies).toEqual([]);
    time.advance(5000);
    expect(waiting.stream.replies).toMatchObject([{ status: 504, body: 'request timeout' }]);
    expect(count(meter, 'sluice_queue_timed_out_total')).toBe(2);
  });

  it('cut a response that is under way', () => {
    const { time, arrive, filter } = createFilter({ timeout_seconds: 10 });
    const { stream } = arrive();
    filter.onResponse?.(stream);
    time.advance(10_000);
    expect([stream.replies, stream.resets]).toEqual([[], ['max-duration']]);
  });

  it('of the response’s start are over with its head', () => {
    const { time, arrive, filter, meter } = createFilter({ response_start_timeout_seconds: 5 });
    const early = arrive();
    const late = arrive();
    filter.onResponse?.(early.stream);
    time.advance(60_000);
    expect([early.stream.replies, early.stream.resets]).toEqual([[], []]);
    expect(late.stream.replies).toMatchObject([{ status: 504 }]);
    expect(count(meter, 'sluice_queue_timed_out_total')).toBe(1);
  });

  it('of silence start over with each piece', () => {
    const { time, arrive, filter, meter } = createFilter({ idle_timeout_seconds: 5 });
    const { stream } = arrive();
    time.advance(4000);
    filter.onResponse?.(stream);
    time.advance(4000);
    filter.onResponseData?.(stream, new Uint8Array(1));
    time.advance(4999);
    expect(stream.resets).toEqual([]);
    time.advance(1);
    expect(stream.resets).toEqual(['max-duration']);
    expect(count(meter, 'sluice_queue_timed_out_total')).toBe(1);
  });

  it('do not end a tunnel', () => {
    const { time, arrive } = createFilter({ timeout_seconds: 10 });
    const { stream } = arrive();
    stream.info.status = 101;
    time.advance(60_000);
    expect([stream.replies, stream.resets]).toEqual([[], []]);
  });

  it('are called off when the stream ends', () => {
    const { time, arrive, end } = createFilter({ timeout_seconds: 10, idle_timeout_seconds: 5 });
    const { stream } = arrive();
    end(stream);
    time.advance(60_000);
    expect([stream.replies, stream.resets]).toEqual([[], []]);
  });
});

describe('configuration', () => {
  it('reports everything that is wrong with its path', () => {
    const factory = createQueueFilterFactory({ stats: new RequestStats(0), drainer: createFilter().drainer });
    expect(factory.decode({ container_concurrency: -1, timeout_seconds: 'x' }, 'filters[0]').problems).toEqual([
      { path: 'filters[0].container_concurrency', message: 'must be a whole number, 0 or more, but was -1', severity: 'error' },
      { path: 'filters[0].timeout_seconds', message: 'must be a number, 0 or more, but was "x"', severity: 'error' },
    ]);
  });
});

describe('what surrounds a request', () => {
  it('is passed on: who asked, in the forms that proxies and programs read', () => {
    const { arrive } = createFilter();
    const { stream } = arrive({ 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https' });
    expect(stream.request.get('forwarded')).toBe('for=192.0.2.1;proto=https');
    expect(stream.request.get('x-forwarded-for')).toBe('192.0.2.1,127.0.0.1');
  });

  it('is logged when it has ended, and probes only where they are asked for', () => {
    const write = (logsProbes: boolean): number[] => {
      const time = new SimulatedTime();
      const logged: number[] = [];
      const log: RequestLog = { logsProbes, write: ({ request }) => void logged.push(request.has('k-network-probe') ? 0 : 1) };
      const revision: LoggedRevision = { name: '', namespace: '', service: '', configuration: '', podName: '', podIp: '' };
      const factory = createQueueFilterFactory({ stats: new RequestStats(0), drainer: new Drainer({ clock: time, timers: time }), requestLog: { log, revision } });
      const parts = { clock: time, timers: time, random: createSeededRandom(1), logger: silentLogger, meter: createMeter() };
      const decoded = factory.decode({ container_concurrency: 0 }, '');
      if (!decoded.ok) throw new Error('bad configuration');
      const filter = factory.create(decoded.value, createFilterContexts(parts)('test'));
      for (const headers of [{}, { 'k-network-probe': 'queue' }]) {
        const stream = createTestStream({ headers });
        filter.onRequest?.(stream);
        filter.onEnd?.(stream, outcomes.completed);
      }
      return logged;
    };
    expect([write(false), write(true)]).toEqual([[1], [1, 0]]);
  });
});
