import { RecordingLogger } from '@sluice/kernel/testing';
import type { ConfigMap } from '@sluice/kubernetes';
import type { ComponentTelemetry } from '@sluice/serving';
import { expect, test } from 'vitest';
import { LiveConfig } from './live-config.ts';

test('what ConfigMaps say of the controller’s own logs and metrics reaches it as it changes', () => {
  const heard: ComponentTelemetry[] = [];
  const config = new LiveConfig(new RecordingLogger(), () => {}, undefined, (telemetry) => heard.push(telemetry));
  const put = (name: string, data: Record<string, string>) => config.onConfigMap({ kind: 'added', object: { metadata: { name }, data } as ConfigMap });
  put('config-logging', { 'loglevel.controller': 'debug', 'loglevel.autoscaler': 'error' });
  put('config-gc', {});
  put('config-observability', { 'metrics-protocol': 'http/protobuf', 'metrics-endpoint': 'http://otel:4318/v1/metrics', 'runtime-export-interval': '30s' });
  expect(heard.map(({ logLevel, metrics }) => [logLevel, metrics.protocol])).toEqual([['debug', 'none'], ['debug', 'http/protobuf']]);
  config.onConfigMap({ kind: 'deleted', object: { metadata: { name: 'config-logging' } } as ConfigMap });
  expect(heard.at(-1)?.logLevel).toBeUndefined();
});
