/** `envoy.extensions.filters.http.health_check.v3.HealthCheck`. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, readHeaderMatcher, readPercent, type DecodeOptions, type HeaderMatcher, type Scope } from '@sluice/resources';

export interface HealthCheckConfig {
  /** Lets the upstream answer, unless the proxy itself is failing or a cached answer is there. */
  readonly passesThrough: boolean;
  /** For how long an upstream's answer stands for it, in ms; 0 for not at all. */
  readonly cacheMs: number;
  /** By name of the cluster, how much of it must be healthy, 0 to 1. */
  readonly minHealthyRatios: ReadonlyMap<string, number>;
  /** Which requests are health checks: those that match all. */
  readonly headers: readonly HeaderMatcher[];
}

export function decodeHealthCheck(value: unknown, path: string, options?: DecodeOptions): Checked<HealthCheckConfig> {
  return decodeDocument(value, path, options, readHealthCheck);
}

function readHealthCheck(json: unknown, scope: Scope): HealthCheckConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const passesThrough = reader.boolean('pass_through_mode');
  if (passesThrough === undefined) scope.at('pass_through_mode').error('is required');
  const cacheMs = reader.durationMs('cache_time', 0);
  const minHealthyRatios = reader.map('cluster_min_healthy_percentages', readPercent);
  if (cacheMs > 0 && passesThrough === false) scope.at('cache_time').error('is set, but only answers of the upstream can be cached: pass_through_mode is false');
  if (minHealthyRatios.size > 0 && passesThrough === true) scope.at('cluster_min_healthy_percentages').error('is set, but the upstream answers: pass_through_mode is true');
  const headers = reader.list('headers', readHeaderMatcher);
  reader.done();
  return { passesThrough: passesThrough ?? false, cacheMs, minHealthyRatios, headers };
}
