import { createMeter } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { prometheusText } from './prometheus-text.ts';

test('counters, gauges and histograms as Prometheus reads them', () => {
  const meter = createMeter();
  meter.counter('requests_total', 'requests\nof all kinds', { path: 'C:\\a"b"\n', code: '200' }).add(3);
  meter.gauge('open', 'open now').set(1.5);
  const times = meter.histogram('time_ms', 'how long', [1, 5], { zone: 'a' });
  for (const value of [0.5, 1, 3, 100]) times.observe(value);
  expect(prometheusText(meter.collect())).toBe(
    [
      '# HELP requests_total requests\\nof all kinds',
      '# TYPE requests_total counter',
      'requests_total{path="C:\\\\a\\"b\\"\\n",code="200"} 3',
      '# HELP open open now',
      '# TYPE open gauge',
      'open 1.5',
      '# HELP time_ms how long',
      '# TYPE time_ms histogram',
      'time_ms_bucket{zone="a",le="1"} 2',
      'time_ms_bucket{zone="a",le="5"} 3',
      'time_ms_bucket{zone="a",le="+Inf"} 4',
      'time_ms_sum{zone="a"} 104.5',
      'time_ms_count{zone="a"} 4',
      '',
    ].join('\n'),
  );
});

test('a family without children is left out', () => {
  const meter = createMeter();
  meter.counter('a_total', 'a', { cluster: 'gone' });
  meter.remove({ cluster: 'gone' });
  expect(prometheusText(meter.collect())).toBe('');
});
