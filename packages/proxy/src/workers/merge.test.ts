import type { MetricFamily } from '@sluice/kernel';
import { createMeter } from '@sluice/kernel';
import { describe, expect, test } from 'vitest';
import { mergeFamilies, remainsOf } from './merge-metrics.ts';
import { mergeLoads } from './merge-loads.ts';
import { mergeClusters, mergeListeners } from './merge-statuses.ts';

function numbers(fill: (meter: ReturnType<typeof createMeter>) => void): readonly MetricFamily[] {
  const meter = createMeter();
  fill(meter);
  return meter.collect();
}

const valueOf = (families: readonly MetricFamily[], name: string) => families.find((family) => family.name === name)?.samples.map(({ value }) => value);

describe('numbers of two workers', () => {
  test('counters and histograms add up, by their labels', () => {
    const worker = (amount: number) => numbers((meter) => {
      meter.counter('requests', '', { code: '2' }).add(amount);
      meter.histogram('time', '', [1, 10]).observe(amount);
    });
    const merged = mergeFamilies([worker(2), worker(3), numbers((meter) => meter.counter('requests', '', { code: '5' }).add())]);
    expect(valueOf(merged, 'requests')).toEqual([5, 1]);
    expect(merged.find(({ name }) => name === 'time')?.samples).toEqual([{ labels: {}, value: 5, count: 2, buckets: [0, 2, 0] }]);
  });

  test('gauges of amounts add up, those of states do not', () => {
    const worker = () => numbers((meter) => {
      meter.gauge('envoy_http_downstream_cx_active', '').set(4);
      meter.gauge('envoy_cluster_membership_total', '').set(3);
      meter.gauge('envoy_cluster_circuit_breakers_default_cx_open', '').set(1);
    });
    const merged = mergeFamilies([worker(), worker()]);
    expect(['envoy_http_downstream_cx_active', 'envoy_cluster_membership_total', 'envoy_cluster_circuit_breakers_default_cx_open'].map((name) => valueOf(merged, name))).toEqual([[8], [3], [1]]);
  });

  test('what every worker takes over is counted once', () => {
    const worker = () => numbers((meter) => meter.counter('envoy_cluster_manager_cluster_added', '').add(3));
    expect(valueOf(mergeFamilies([worker(), worker()]), 'envoy_cluster_manager_cluster_added')).toEqual([3]);
  });

  test('of a worker that has gone its counts remain', () => {
    const families = numbers((meter) => {
      meter.counter('requests', '').add(7);
      meter.gauge('active', '').set(2);
    });
    expect(remainsOf(families).map(({ name }) => name)).toEqual(['requests']);
  });
});

describe('what two workers know', () => {
  test('of the load of a cluster: what it is made of adds up, host by host', () => {
    const here = { region: 'r', zone: 'z', subZone: '' };
    const host = { address: { host: '10.0.0.1', port: 80 }, locality: here, priority: 0, issued: 3, succeeded: 2, failed: 1, inProgress: 1, busyMs: 400, metrics: { cpu_utilization: { requests: 2, total: 0.5 } } };
    const other = { ...host, address: { host: '10.0.0.2', port: 80 }, metrics: {} };
    const load = { name: 'c', serviceName: undefined, elapsedMs: 1_000, dropped: 2, droppedByCategory: { lb: 1 }, hosts: [host] };
    const second = { ...load, elapsedMs: 1_010, droppedByCategory: { lb: 1, throttle: 1 }, hosts: [{ ...host, metrics: { cpu_utilization: { requests: 1, total: 0.25 } } }, other] };
    expect(mergeLoads([[load], [second, { ...load, name: 'd' }]])).toEqual([
      {
        ...load,
        elapsedMs: 1_010,
        dropped: 4,
        droppedByCategory: { lb: 2, throttle: 1 },
        hosts: [{ ...host, issued: 6, succeeded: 4, failed: 2, inProgress: 2, busyMs: 800, metrics: { cpu_utilization: { requests: 3, total: 0.75 } } }, other],
      },
      { ...load, name: 'd' },
    ]);
  });

  test('of a listener: its connections add up', () => {
    const listener = { name: 'a', address: '127.0.0.1:80', port: 80, connections: 2 };
    expect(mergeListeners([[listener], [{ ...listener, connections: 3 }]])).toEqual([{ ...listener, connections: 5 }]);
  });

  test('of a host: its counts add up, and what speaks against it in one speaks against it', () => {
    const host = { address: '10.0.0.1:80', healthy: true, healthFlags: [], weight: 2, activeRequests: 1, activeConnections: 2, requests: 10, requestsSucceeded: 6, requestsFailed: 2, connectFailures: 0 };
    const cluster = { name: 'c', hosts: [host], activeRequests: 1, pendingRequests: 0, connections: 2 };
    const ill = { ...cluster, hosts: [{ ...host, healthy: false, healthFlags: ['failed_outlier_check'] }] };
    expect(mergeClusters([[cluster], [ill]])).toEqual([
      {
        name: 'c',
        hosts: [{ ...host, healthy: false, healthFlags: ['failed_outlier_check'], activeRequests: 2, activeConnections: 4, requests: 20, requestsSucceeded: 12, requestsFailed: 4 }],
        activeRequests: 2,
        pendingRequests: 0,
        connections: 4,
      },
    ]);
  });
});
