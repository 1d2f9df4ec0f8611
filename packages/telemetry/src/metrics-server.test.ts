import { createMeter, silentLogger } from '@sluice/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { createMetricsRenderer } from './render-metrics.ts';
import { startMetricsServer, type MetricsServer, type MetricsServerOptions } from './metrics-server.ts';
import type { LogLevel } from './pino-logger.ts';

let server: MetricsServer | undefined;
afterEach(() => server?.close());

async function start(changes: Partial<MetricsServerOptions> = {}) {
  const meter = createMeter();
  server = await startMetricsServer({ host: '127.0.0.1', port: 0, meter, logger: silentLogger, ...changes });
  return { meter, base: `http://127.0.0.1:${server.port}` };
}

describe('a name that ends as its type may not', () => {
  it('is on the page without a type', async () => {
    const meter = createMeter();
    meter.gauge('kn_revision_pods_count', 'Pods.').set(2);
    meter.counter('revision_request_count', 'Requests.').add(3);
    const renderer = await createMetricsRenderer();
    const { text } = await renderer.render(meter.collect());
    expect(text.match(/^# TYPE .*$/gm)).toEqual(['# TYPE kn_revision_pods_count untyped', '# TYPE revision_request_count untyped']);
    expect(text).toContain('kn_revision_pods_count 2');
  });
});

describe('the metrics page', () => {
  it('renders counters, gauges and histograms as Prometheus reads them', async () => {
    const { meter, base } = await start();
    meter.counter('requests_total', 'Requests.', { code: '200' }).add(3);
    meter.gauge('depth', 'Depth "of" it.', { path: 'a"b' }).set(2.5);
    const histogram = meter.histogram('duration_seconds', 'Time.', [0.1, 1]);
    for (const value of [0.05, 0.5, 5]) histogram.observe(value);

    const response = await fetch(`${base}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toBe(
      [
        '# HELP requests_total Requests.',
        '# TYPE requests_total counter',
        'requests_total{code="200"} 3',
        '',
        '# HELP depth Depth "of" it.',
        '# TYPE depth gauge',
        'depth{path="a\\"b"} 2.5',
        '',
        '# HELP duration_seconds Time.',
        '# TYPE duration_seconds histogram',
        'duration_seconds_bucket{le="0.1"} 1',
        'duration_seconds_bucket{le="1"} 2',
        'duration_seconds_bucket{le="+Inf"} 3',
        'duration_seconds_sum 5.55',
        'duration_seconds_count 3',
        '',
      ].join('\n'),
    );
  });

  it('asks for values when somebody looks, each time anew', async () => {
    const { meter, base } = await start();
    let depth = 0;
    meter.observedGauge('depth', 'Depth.', () => (depth += 1));
    await fetch(`${base}/metrics`);
    expect(await (await fetch(`${base}/metrics`)).text()).toContain('depth 2');
  });

  it('adds the process’s own figures when asked to', async () => {
    const { base } = await start({ processMetrics: true });
    expect(await (await fetch(`${base}/metrics`)).text()).toContain('process_cpu_seconds_total');
  });

  it('has no other pages', async () => {
    const { base } = await start();
    expect((await fetch(`${base}/logging`)).status).toBe(404);
  });
});

describe('the readiness page', () => {
  it('says what it is told', async () => {
    let isReady = false;
    const { base } = await start({ isReady: () => isReady });
    expect((await fetch(`${base}/ready`)).status).toBe(503);
    isReady = true;
    expect((await fetch(`${base}/ready`)).status).toBe(200);
  });
});

describe('the logging page', () => {
  it('shows and sets the level, and refuses what is none', async () => {
    const logging = {
      level: 'info' as LogLevel,
      setLevel(level: LogLevel) {
        this.level = level;
      },
    };
    const { base } = await start({ logging });
    expect(await (await fetch(`${base}/logging`)).text()).toBe('info\n');
    expect(await (await fetch(`${base}/logging?level=debug`, { method: 'POST' })).text()).toBe('debug\n');
    expect((await fetch(`${base}/logging?level=loud`, { method: 'POST' })).status).toBe(400);
    expect(logging.level).toBe('debug');
  });
});
