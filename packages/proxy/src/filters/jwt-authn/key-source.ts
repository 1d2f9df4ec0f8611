/** Where keys come from: the configuration, or an address that is asked now and then. */
import type { Clock, Counter } from '@sluice/kernel';
import { parseKeySet, type JwtKeysConfig, type KeySet } from './jwt-provider-config.ts';

/** @throws when there are none */
export type KeySource = () => Promise<KeySet>;

export interface KeyFetchCounters {
  readonly succeeded: Counter;
  readonly failed: Counter;
}

export function createKeySource(config: JwtKeysConfig, clock: Clock, counters: KeyFetchCounters): KeySource {
  if (config.kind === 'local') return async () => config.keySet;
  const { uri, timeoutMs, cacheMs } = config;
  let fetching: Promise<KeySet> | undefined;
  let validUntil = 0;
  return () => {
    // Requests that come while keys are being fetched wait for the same answer; a failed one is not kept.
    if (fetching && clock.now() < validUntil) return fetching;
    validUntil = clock.now() + cacheMs;
    fetching = fetchKeys(uri, timeoutMs).then(
      (keySet) => {
        counters.succeeded.add();
        return keySet;
      },
      (error: unknown) => {
        counters.failed.add();
        validUntil = 0;
        throw error;
      },
    );
    return fetching;
  };
}

/** Chosen: a key set has a few keys of a kilobyte or two. */
const keySetBytesMax = 1 << 20;

async function fetchKeys(uri: string, timeoutMs: number): Promise<KeySet> {
  const { request } = await import('undici');
  const { statusCode, body } = await request(uri, { headersTimeout: timeoutMs, bodyTimeout: timeoutMs, reset: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > keySetBytesMax) throw new Error(`keys at ${uri} have more than ${keySetBytesMax} bytes`);
  }
  const keySet = statusCode === 200 ? parseKeySet(Buffer.concat(chunks).toString('utf8')) : undefined;
  if (!keySet) throw new Error(`keys at ${uri} were answered with ${statusCode}, must be 200 and a JSON Web Key Set`);
  return keySet;
}
