import { ConcurrencyReporter, Throttler } from '@sluice/admission';
import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, it } from 'vitest';
import { outcomes } from '../../outcome.ts';
import { createTestStream, type TestRequest } from '../../testing/index.ts';
import { createFilterContexts } from '../filter-context.ts';
import { RequestMetrics } from '../queue/request-metrics.ts';
import { createActivatorFilterFactory, type ActivatableRevision, type ColdStart } from './activator-filter.ts';

const key = 'default/hello-00001';
const revisionHeaders = { 'knative-serving-revision': 'hello-00001', 'knative-serving-namespace': 'default' };

function createFilter(options: { readonly queueDepth?: number; readonly fault?: string } = {}) {
  const time = new SimulatedTime();
  const random = createSeededRandom(1);
  const throttler = new Throttler({ containerConcurrency: 1, random, ...(options.queueDepth === undefined ? {} : { queueDepth: options.queueDepth }) });
  const reporter = new ConcurrencyReporter();
  const first: string[] = [];
  const coldStarts: ColdStart[] = [];
  const meter = createMeter();
  const logged = { name: 'hello-00001', namespace: 'default', service: 'hello', configuration: 'hello', podName: 'activator-1', podIp: '10.0.0.9' };
  const metrics = new RequestMetrics({ meter, names: 'newest', labels: { kn_revision_name: 'hello-00001' }, client: {}, isProgram: false, olderPrefix: 'activator', olderLabels: {} });
  const revision: ActivatableRevision = { key, throttler, timeouts: { durationMs: 10_000, responseStartMs: 0, idleMs: 0 }, logged, metrics };
  const factory = createActivatorFilterFactory({
    revisions: { find: (asked) => (asked === key ? revision : undefined) },
    reporter,
    onRise: (revision) => first.push(revision),
    onColdStart: (coldStart) => coldStarts.push(coldStart),
    findFault: () => options.fault,
  });
  const parts = { clock: time, timers: time, random, logger: silentLogger, meter };
  const decoded = factory.decode({}, '');
  if (!decoded.ok) throw new Error('bad configuration');
  const filter = factory.create(decoded.value, createFilterContexts(parts)('test'));
  const arrive = (request: TestRequest = { headers: revisionHeaders }) => {
    const stream = createTestStream(request);
    return { stream, verdict: filter.onRequest?.(stream) };
  };
  const end = (stream: ReturnType<typeof createTestStream>) => filter.onEnd?.(stream, outcomes.completed);
  return { time, meter, throttler, reporter, first, coldStarts, filter, arrive, end };
}

describe('a request for a sleeping revision', () => {
  it('waits for a pod and then goes to it, marked as counted', () => {
    const { throttler, arrive, first } = createFilter();
    const { stream, verdict } = arrive();
    expect([verdict, first]).toEqual(['wait', [key]]);

    throttler.setPods(['10.0.0.1:8012']);
    expect(stream.continues).toBe(1);
    expect(stream.overrideHost).toEqual({ host: '10.0.0.1', port: 8012 });
    expect(stream.request.get('k-proxy-request')).toBe('activator');
    expect([stream.request.get('sluice-activator-cluster'), stream.routeClears]).toEqual([key, 1]);
    expect(['knative-serving-revision', 'knative-serving-namespace'].map((name) => stream.request.has(name))).toEqual([false, false]);
  });

  it('brings the user’s host in a header of its own, unless somebody has before', () => {
    const { throttler, arrive } = createFilter();
    throttler.setPods(['10.0.0.1:8012', '10.0.0.2:8012']);
    const { stream } = arrive();
    expect([stream.request.authority, stream.request.get('k-original-host')]).toEqual(['10.0.0.1:8012', 'example.test']);
    const mapped = arrive({ headers: { ...revisionHeaders, 'k-original-host': 'vanity.example' } });
    expect([mapped.stream.request.authority, mapped.stream.request.get('k-original-host')]).toEqual(['10.0.0.2:8012', 'vanity.example']);
  });

  it('is measured when it has ended, as its revision’s', () => {
    const { throttler, arrive, end, meter } = createFilter();
    throttler.setPods(['10.0.0.1:8012']);
    const { stream } = arrive();
    stream.info.status = 200;
    end(stream);
    const family = meter.collect().find(({ name }) => name === 'http_server_request_duration_seconds');
    expect(family?.samples).toMatchObject([{ count: 1, labels: { kn_revision_name: 'hello-00001', http_response_status_code: '200' } }]);
    expect(meter.collect().some(({ name }) => name.startsWith('kn_serving'))).toBe(false);
  });

  it('tells how its time was spent, once for all that waited with it', () => {
    const { time, throttler, arrive, filter, end, coldStarts } = createFilter();
    const one = arrive();
    const two = arrive();
    time.advance(40);
    throttler.setPods(['10.0.0.1:8012', '10.0.0.2:8012']);
    time.advance(5);
    filter.onResponse?.(one.stream);
    filter.onResponse?.(two.stream);
    end(one.stream);
    const later = arrive();
    filter.onResponse?.(later.stream);
    expect(coldStarts).toEqual([{ revision: key, arrivedAt: 0, forwardedAt: 40, firstByteAt: 45 }]);
  });

  it('gives its place up at once when its client ends its side', () => {
    const { throttler, arrive, filter, end, reporter } = createFilter({ queueDepth: 1 });
    const { stream } = arrive();
    filter.onClientEnd?.(stream);
    expect(stream.resets).toEqual(['downstream-closed']);
    end(stream);
    expect([throttler.waiting, arrive().verdict]).toEqual([0, 'wait']);
    expect(reporter.concurrency(key)).toBe(1);
  });

  it('is no cold start when it failed before a pod was there', () => {
    const { time, arrive, filter, coldStarts } = createFilter();
    const { stream } = arrive();
    time.advance(10_000);
    expect(stream.replies).toMatchObject([{ status: 504, body: 'activator request timeout' }]);
    filter.onResponse?.(stream);
    expect(coldStarts).toEqual([]);
  });
});

describe('a request', () => {
  it('goes on at once when a pod has room, and its place is free when it has ended', () => {
    const { throttler, reporter, arrive, end } = createFilter();
    throttler.setPods(['10.0.0.1:8012']);
    const { stream, verdict } = arrive();
    expect([verdict, throttler.inFlight, reporter.concurrency(key)]).toEqual(['continue', 1, 1]);
    end(stream);
    expect([throttler.inFlight, reporter.concurrency(key)]).toEqual([0, 0]);
  });

  it('that goes away while waiting leaves the queue', () => {
    const { throttler, reporter, arrive, end } = createFilter();
    const { stream } = arrive();
    end(stream);
    throttler.setPods(['10.0.0.1:8012']);
    expect([throttler.waiting, throttler.inFlight, reporter.concurrency(key), stream.continues]).toEqual([0, 0, 0, 0]);
  });

  it('is refused when too many wait, or when the revision goes while it waits', () => {
    const { throttler, arrive } = createFilter({ queueDepth: 1 });
    const waiting = arrive();
    const refused = arrive();
    expect(refused.verdict).toBe('replied');
    expect(refused.stream.replies).toMatchObject([{ status: 503, body: 'pending request queue full\n', contentType: 'text/plain; charset=utf-8', headers: { 'x-content-type-options': 'nosniff' } }]);
    throttler.close();
    expect(waiting.stream.replies).toMatchObject([{ status: 503, body: 'revision default/hello-00001 is gone\n' }]);
  });

  it('may name its revision by host', () => {
    const { arrive } = createFilter();
    expect(arrive({ authority: 'hello-00001.default.svc.cluster.local:80' }).verdict).toBe('wait');
  });

  it('for a revision that is not known is answered 404', () => {
    const { arrive, first } = createFilter();
    const body = 'Error getting active endpoint: revision.serving.knative.dev "other" not found\n';
    expect(arrive({ headers: { ...revisionHeaders, 'knative-serving-revision': 'other' } }).stream.replies).toMatchObject([{ status: 404, body }]);
    expect(arrive({ authority: 'example.com' }).stream.replies).toMatchObject([{ status: 404 }]);
    expect(first).toEqual([]);
  });

  it('does not carry an ingress’s hash further', () => {
    const { arrive } = createFilter();
    const { stream } = arrive({ headers: { ...revisionHeaders, 'k-network-hash': 'abc' } });
    expect(stream.request.get('k-network-hash')).toBeUndefined();
  });
});

describe('probes', () => {
  it('are answered by the activator itself and wake nobody', () => {
    const { arrive, first } = createFilter();
    const ask = (headers: Record<string, string>) => arrive({ headers: { ...revisionHeaders, ...headers } }).stream.replies;
    expect(ask({ 'k-network-probe': 'activator' })).toMatchObject([{ status: 200, body: 'activator' }]);
    expect(ask({ 'k-network-probe': 'queue' })).toMatchObject([{ status: 400, body: 'unexpected probe header value: queue' }]);
    expect(ask({ 'k-network-probe': 'probe', 'k-network-hash': 'abc' })).toMatchObject([{ status: 200, headers: { 'k-network-hash': 'abc' } }]);
    expect(first).toEqual([]);
  });

  it('of a kubelet learn what is wrong', () => {
    const kubelet = { headers: { 'user-agent': 'kube-probe/1.33' } };
    expect(createFilter().arrive(kubelet).stream.replies).toMatchObject([{ status: 200 }]);
    expect(createFilter({ fault: 'no configuration yet' }).arrive(kubelet).stream.replies).toMatchObject([{ status: 500, body: 'no configuration yet' }]);
  });
});
