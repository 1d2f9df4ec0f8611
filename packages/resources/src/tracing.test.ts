import { expect, it } from 'vitest';
import { readBootstrap } from './bootstrap.ts';
import { Scope } from './decode/scope.ts';
import { readRouteTracing, readTracing } from './tracing.ts';

function read(json: object) {
  const scope = Scope.open('tracing');
  return { tracing: readTracing(json, scope), problems: scope.problems.map(({ severity, path }) => `${severity} ${path}`) };
}

const openTelemetry = (fields: object) => ({ name: 'otel', typed_config: { '@type': 'type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig', ...fields } });

it('traces everything unless it is told otherwise', () => {
  expect(read({})).toEqual({ tracing: { clientRatio: 1, randomRatio: 1, overallRatio: 1, pathBytesMax: 256, customTags: [], operation: '', provider: undefined }, problems: [] });
});

it('reads shares in percent, and those of routes in fractions', () => {
  expect(read({ random_sampling: { value: 0.5 }, client_sampling: { value: 0 }, overall_sampling: { value: 50 } }).tracing).toMatchObject({ randomRatio: 0.005, clientRatio: 0, overallRatio: 0.5 });
  const scope = Scope.open('');
  expect(readRouteTracing({ random_sampling: { numerator: 5, denominator: 'TEN_THOUSAND' } }, scope)).toEqual({ clientRatio: 1, randomRatio: 0.0005, overallRatio: 1, customTags: [], operation: '' });
});

it('knows the collector of a provider that speaks HTTP, and warns of one that speaks gRPC', () => {
  const over = read({ provider: openTelemetry({ service_name: 'shop', http_service: { http_uri: { uri: 'http://c/v1/traces', cluster: 'c', timeout: '1s' } } }) });
  expect(over.tracing?.provider).toEqual({ isKnown: true, serviceName: 'shop', collector: 'http://c/v1/traces' });
  const grpc = read({ provider: openTelemetry({ grpc_service: { envoy_grpc: { cluster_name: 'c' } } }) });
  expect(grpc.tracing?.provider).toEqual({ isKnown: true, serviceName: '', collector: '' });
  expect(grpc.problems).toEqual(['warning tracing.provider.typed_config.grpc_service']);
});

const samplers = 'type.googleapis.com/envoy.extensions.tracers.opentelemetry.samplers.v3.';
const detectors = 'type.googleapis.com/envoy.extensions.tracers.opentelemetry.resource_detectors.v3.';

it('reads samplers within samplers, and detectors', () => {
  const ratio = { name: 'ratio', typed_config: { '@type': `${samplers}TraceIdRatioBasedSamplerConfig`, sampling_percentage: { numerator: 5 } } };
  const sampler = { name: 'parent', typed_config: { '@type': `${samplers}ParentBasedSamplerConfig`, wrapped_sampler: ratio } };
  const resource_detectors = [
    { name: 'env', typed_config: { '@type': `${detectors}EnvironmentResourceDetectorConfig` } },
    { name: 'static', typed_config: { '@type': `${detectors}StaticConfigResourceDetectorConfig`, attributes: { zone: 'a' } } },
  ];
  const { tracing, problems } = read({ provider: openTelemetry({ sampler, resource_detectors }) });
  expect(problems).toEqual([]);
  expect(tracing?.provider?.sampler).toEqual({ kind: 'parent-based', root: { kind: 'trace-id-ratio', ratio: 0.05 } });
  expect(tracing?.provider?.detectors).toEqual([{ kind: 'environment' }, { kind: 'static', attributes: new Map([['zone', 'a']]) }]);
});

it('takes other providers for none, with a warning', () => {
  const other = read({ provider: { name: 'z', typed_config: { '@type': 'type.googleapis.com/envoy.config.trace.v3.ZipkinConfig', collector_cluster: 'z' } } });
  expect(other.tracing?.provider?.isKnown).toBe(false);
  expect(other.problems).toEqual(['warning tracing.provider.typed_config']);
});

it('reads tags that are given, from the environment and from headers', () => {
  const custom_tags = [
    { tag: 'a', literal: { value: '1' } },
    { tag: 'b', environment: { name: 'ZONE', default_value: 'none' } },
    { tag: 'c', request_header: { name: 'x-tenant' } },
    { tag: 'd', metadata: { kind: { host: {} }, metadata_key: { key: 'envoy.lb', path: [{ key: 'zone' }] } } },
    { tag: 'e', value: '%PROTOCOL%' },
  ];
  expect(read({ custom_tags }).tracing?.customTags).toEqual([
    { kind: 'literal', tag: 'a', value: '1' },
    { kind: 'environment', tag: 'b', name: 'ZONE', defaultValue: 'none' },
    { kind: 'request_header', tag: 'c', name: 'x-tenant', defaultValue: '' },
    { kind: 'metadata', tag: 'd', of: 'host', key: { key: 'envoy.lb', path: ['zone'] }, defaultValue: '' },
    { kind: 'value', tag: 'e', format: '%PROTOCOL%' },
  ]);
});

it.each([
  ['a share above the whole', { random_sampling: { value: 101 } }, 'error tracing.random_sampling.value'],
  ['a tag without a name', { custom_tags: [{ literal: { value: '1' } }] }, 'error tracing.custom_tags[0].tag'],
  ['a collector that is no URL', { provider: openTelemetry({ http_service: { http_uri: { uri: 'collector' } } }) }, 'error tracing.provider.typed_config.http_service.http_uri.uri'],
  ['a sampler that there is not', { provider: openTelemetry({ sampler: { name: 'cel', typed_config: { '@type': `${samplers}CELSamplerConfig` } } }) }, 'error tracing.provider.typed_config.sampler.typed_config.@type'],
  ['a parent-based sampler without a root', { provider: openTelemetry({ sampler: { name: 'p', typed_config: { '@type': `${samplers}ParentBasedSamplerConfig` } } }) }, 'error tracing.provider.typed_config.sampler.typed_config.wrapped_sampler'],
  ['a detector that there is not', { provider: openTelemetry({ resource_detectors: [{ name: 'd', typed_config: { '@type': `${detectors}DynatraceResourceDetectorConfig` } }] }) }, 'error tracing.provider.typed_config.resource_detectors[0].typed_config.@type'],
  ['metadata of nobody', { custom_tags: [{ tag: 'a', metadata: { metadata_key: { key: 'x', path: [{ key: 'y' }] } } }] }, 'error tracing.custom_tags[0].metadata.kind'],
  ['spans of its own for upstreams', { spawn_upstream_span: true }, 'warning tracing.spawn_upstream_span'],
  ['a field that there is not', { sampling: 1 }, 'error tracing.sampling'],
])('reports %s', (_title, json, problem) => {
  expect(read(json).problems).toContain(problem);
});

it('reads a provider for all from the bootstrap', () => {
  const scope = Scope.open('');
  const bootstrap = readBootstrap({ tracing: { http: openTelemetry({ service_name: 'edge' }) } }, scope);
  expect(scope.problems).toEqual([]);
  expect(bootstrap?.tracing).toEqual({ isKnown: true, serviceName: 'edge', collector: '' });
});
