import { expect, test } from 'vitest';
import { createMeter } from './meter.ts';

test('asking again for a name and labels gives the same instrument, whatever the order of the labels', () => {
  const meter = createMeter();
  meter.counter('requests', 'Requests.', { a: '1', b: '2' }).add();
  meter.counter('requests', 'Requests.', { b: '2', a: '1' }).add(2);
  expect(meter.collect()[0]?.samples).toEqual([{ labels: { a: '1', b: '2' }, value: 3 }]);
});

test('a histogram puts a value on its bound into the bucket of that bound', () => {
  const meter = createMeter();
  const sizes = meter.histogram('sizes', 'Sizes.', [1, 5]);
  for (const value of [0.5, 1, 1.1, 5, 6]) sizes.observe(value);
  expect(meter.collect()[0]?.samples[0]).toEqual({ labels: {}, value: 13.6, count: 5, buckets: [2, 2, 1] });
});

test('a name has one type', () => {
  const meter = createMeter();
  meter.gauge('depth', 'Depth.');
  expect(() => meter.counter('depth', 'Depth.')).toThrow('metric depth is a gauge, asked for as a counter');
});

test('what has gone does not stay on the page', () => {
  const meter = createMeter();
  meter.gauge('pods', 'Pods.', { revision: 'a', zone: 'x' }).set(1);
  meter.gauge('pods', 'Pods.', { revision: 'b', zone: 'x' }).set(2);
  meter.remove({ revision: 'a' });
  expect(meter.collect()[0]?.samples.map(({ labels }) => labels['revision'])).toEqual(['b']);
});

test('an observed gauge is read when somebody looks', () => {
  const meter = createMeter();
  let depth = 1;
  meter.observedGauge('depth', 'Depth.', () => depth);
  depth = 7;
  expect(meter.collect()[0]?.samples[0]?.value).toBe(7);
});
