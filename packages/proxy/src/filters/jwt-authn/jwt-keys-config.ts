/** Where a provider's keys are: `local_jwks` or `remote_jwks`. */
import { MessageReader, readDataSource, type DataSource, type Scope } from '@sluice/resources';
import { readServerUri, type ServerUri } from '../server-uri.ts';
import { parseKeySet } from './key-set.ts';

export type JwtKeysConfig = { readonly kind: 'local'; readonly source: DataSource } | ({ readonly kind: 'remote' } & RemoteKeysConfig);

export interface RemoteKeysConfig {
  readonly server: ServerUri;
  /** How long keys are good for, in ms. Default ten minutes, as Envoy. */
  readonly cacheMs: number;
  /** Set: keys are fetched anew in time, so that only those who come first wait. In ms, how soon after a failure. */
  readonly failedRefetchMs: number | undefined;
  /** Further attempts of one fetch. */
  readonly retriesMax: number;
  readonly retryIntervalMs: number;
  readonly retryIntervalMsMax: number;
}

/** Envoy's. */
const defaultCacheMs = 600_000;
const defaultFailedRefetchMs = 1_000;
const defaultRetryIntervalMs = 1_000;
const defaultRetryIntervalMsMax = 10_000;

export function readKeys(reader: MessageReader): JwtKeysConfig | undefined {
  const kind = reader.oneof(['local_jwks', 'remote_jwks'], true);
  if (kind === 'remote_jwks') return reader.read(kind, readRemoteKeys);
  const source = kind && reader.read(kind, readLocalKeys);
  return source && { kind: 'local', source };
}

function readLocalKeys(json: unknown, scope: Scope): DataSource | undefined {
  const source = readDataSource(json, scope);
  if (source?.kind === 'inline' && !parseKeySet(source.text)) scope.error('is no JSON Web Key Set: must be an object with a list of keys');
  return source;
}

function readRemoteKeys(json: unknown, scope: Scope): JwtKeysConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const server = reader.required('http_uri', readServerUri);
  const cacheMs = reader.durationMs('cache_duration', defaultCacheMs);
  const failedRefetchMs = reader.read('async_fetch', readAsyncFetch);
  const retry = reader.read('retry_policy', readRetry) ?? { retriesMax: 0, retryIntervalMs: 0, retryIntervalMsMax: 0 };
  reader.done();
  return server && { kind: 'remote', server, cacheMs, failedRefetchMs, ...retry };
}

function readAsyncFetch(json: unknown, scope: Scope): number | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const failedRefetchMs = reader.durationMs('failed_refetch_duration', defaultFailedRefetchMs);
  // Listeners never wait for keys here; those who come first do.
  reader.boolean('fast_listener', false);
  reader.done();
  return failedRefetchMs;
}

function readRetry(json: unknown, scope: Scope): Pick<RemoteKeysConfig, 'retriesMax' | 'retryIntervalMs' | 'retryIntervalMsMax'> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const retriesMax = reader.uint32('num_retries', 1);
  const backOff = reader.read('retry_back_off', (inner, at) => {
    const found = MessageReader.open(inner, at);
    const retryIntervalMs = found?.durationMs('base_interval', defaultRetryIntervalMs) ?? defaultRetryIntervalMs;
    const intervals = { retryIntervalMs, retryIntervalMsMax: found?.durationMs('max_interval', retryIntervalMs * 10) ?? retryIntervalMs * 10 };
    found?.done();
    return intervals;
  });
  reader.done();
  return { retriesMax, retryIntervalMs: defaultRetryIntervalMs, retryIntervalMsMax: defaultRetryIntervalMsMax, ...backOff };
}
