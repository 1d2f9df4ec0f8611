/** What a sidecar's page says of its requests, for whoever is no autoscaler of this kind. */
import { decodeStat } from '@sluice/stats';

/** Undefined for bytes that are no `Stat`. */
export function decodeLoad(body: Uint8Array): { readonly concurrency: number; readonly rps: number } | undefined {
  const stat = decodeStat(body);
  return stat && { concurrency: stat.averageConcurrentRequests, rps: stat.requestCount };
}
