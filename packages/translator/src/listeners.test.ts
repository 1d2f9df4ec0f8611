import { expect, test } from 'vitest';
import { cluster } from './clusters.ts';
import { activatorEndpoints } from './endpoints.ts';
import { activatorListeners, gatewayListeners } from './listeners.ts';
import { listenerNames, nodeGroups } from './names.ts';
import { defaultTranslateOptions, type TraceOptions } from './options.ts';
import { sampleEndpoint, sampleRevision } from './testing/sample-model.ts';
import { Translator } from './translator.ts';

const traces: TraceOptions = { protocol: 'http/protobuf', endpoint: 'otel:4318/v1/traces', samplingRate: 0.25 };
const nothing = { revision: () => undefined, backend: () => undefined, route: () => undefined, certificates: [] };
const noChange = { revisions: new Set<string>(), backends: new Set<string>(), routes: new Set<string>(), owners: new Set<string>(), certificates: false };

test('what is traced is said on each listener of gateways and activators, once it is wanted', () => {
  const before = [...gatewayListeners(defaultTranslateOptions), ...activatorListeners(defaultTranslateOptions)];
  expect(JSON.stringify(before)).not.toContain('tracing');
  for (const { value } of [...gatewayListeners(defaultTranslateOptions, traces), ...activatorListeners(defaultTranslateOptions, traces)]) {
    expect(value).toMatchObject({
      filter_chains: [
        {
          filters: [
            {
              typed_config: {
                tracing: {
                  client_sampling: { value: 0 },
                  random_sampling: { value: 25 },
                  overall_sampling: { value: 100 },
                  provider: { typed_config: { http_service: { http_uri: { uri: 'http://otel:4318/v1/traces' } } } },
                },
              },
            },
          ],
        },
      ],
    });
  }
});

test('a change of what is traced goes out by itself, and the same again does not', () => {
  const translator = new Translator(defaultTranslateOptions);
  translator.update(nothing, noChange);
  translator.setTraces(traces);
  const changed = translator.update(nothing, noChange);
  expect(changed[nodeGroups.gateway].changed.map(({ name }) => name).toSorted()).toEqual([listenerNames.externalHttp, listenerNames.internalHttp]);
  expect(changed[nodeGroups.activator].changed.map(({ name }) => name).toSorted()).toEqual([listenerNames.activatorH2c, listenerNames.activatorHttp1]);
  translator.setTraces({ ...traces });
  expect(translator.update(nothing, noChange)[nodeGroups.gateway].changed).toEqual([]);
});

test('what proxies are to say of themselves stands in metadata of one listener of each kind, and goes out when it changes', () => {
  const translator = new Translator(defaultTranslateOptions);
  translator.update(nothing, noChange);
  const metrics = { protocol: 'grpc', endpoint: 'collector:4317', exportIntervalMs: 5_000, runtimeExportIntervalMs: 15_000 } as const;
  const gateway = { logLevel: 'debug', metrics, isProfiling: false, requestLog: undefined } as const;
  const activator = { logLevel: undefined, metrics, isProfiling: true, requestLog: { template: '{{.TraceID}}', logsProbes: false } } as const;
  translator.setTelemetry({ gateway, activator });
  const changed = translator.update(nothing, noChange);
  const said = (group: 'gateway' | 'activator') => changed[nodeGroups[group]].changed.map(({ name, value }) => [name, value['metadata']]);
  expect(said('gateway')).toEqual([[listenerNames.externalHttp, { filter_metadata: { 'sluice.telemetry': { logLevel: 'debug', metrics, isProfiling: false } } }]]);
  expect(said('activator')).toEqual([[listenerNames.activatorHttp1, { filter_metadata: { 'sluice.telemetry': { metrics, isProfiling: true, requestLog: { template: '{{.TraceID}}', logsProbes: false } } } }]]);
  translator.setTelemetry({ gateway: { ...gateway }, activator: { ...activator } });
  expect(translator.update(nothing, noChange)[nodeGroups.gateway].changed).toEqual([]);
});

test('activators that share pods with a limit are told who shares them', () => {
  const endpointsFor = (containerConcurrency: number, activators: readonly string[]): string =>
    JSON.stringify(activatorEndpoints(sampleRevision('default/a', { containerConcurrency, pods: [sampleEndpoint('10.0.0.1')], activators: activators.map((address) => sampleEndpoint(address)) })));
  expect(endpointsFor(1, ['10.1.0.2', '10.1.0.1'])).toContain('"sluice.revision":{"activators":["10.1.0.1","10.1.0.2"]}');
  expect(endpointsFor(0, ['10.1.0.2', '10.1.0.1'])).not.toContain('activators');
  expect(endpointsFor(1, ['10.1.0.1'])).not.toContain('activators');
});

test('activators are told which Service may be called in place of pods, and never sent there by chance', () => {
  const mesh = { kind: 'service', isAlways: false, address: '10.96.0.7', port: 80, tlsPort: 443 } as const;
  const { value } = activatorEndpoints(sampleRevision('default/a', { pods: [sampleEndpoint('10.0.0.1')], mesh }));
  expect(value).toMatchObject({
    endpoints: [
      {
        lb_endpoints: [
          { health_status: 'HEALTHY' },
          { endpoint: { address: { socket_address: { address: '10.96.0.7', port_value: 80 } } }, health_status: 'UNHEALTHY', metadata: { filter_metadata: { 'sluice.revision': { service: 'fallback' } } } },
        ],
      },
    ],
  });
  // Nobody is behind it.
  expect(activatorEndpoints(sampleRevision('default/a', { mesh })).value).toEqual({ cluster_name: 'default/a' });
});

test('activators are told by which name a mesh lets requests through to pods', () => {
  const mesh = { kind: 'passthrough', host: 'a-private.default' } as const;
  expect(cluster(sampleRevision('default/a', { mesh }), 'ROUND_ROBIN').value).toMatchObject({ metadata: { filter_metadata: { 'sluice.revision': { passthrough_host: 'a-private.default' } } } });
});
