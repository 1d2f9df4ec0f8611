/**
 * Whether a request is traced, and why. In Envoy's order: whoever called us has decided for the whole trace; else the
 * reason that `x-request-id` carries, a client's wish, our own side's order, chance; and the overall share caps all of
 * these but the caller's decision. Shares are taken by the number that the request's identifier is, so that all hops
 * choose the same requests; by chance where it has none.
 */
import { Known, type RequestHead } from '@sluice/http';
import type { Random } from '@sluice/kernel';
import type { SamplingRatios } from '@sluice/resources';
import { identifierNumber, traceReasonIn } from '../request-id.ts';

export type TraceReason = 'none' | 'sampled' | 'service-forced' | 'client-forced';

/** What `x-request-id` is good for. */
export interface IdentifierUse {
  readonly packsReason: boolean;
  readonly samplesById: boolean;
}

/** `parentSampled` is what the caller has decided; undefined when nobody has. */
export function decideTrace(head: RequestHead, parentSampled: boolean | undefined, ratios: SamplingRatios, random: Random, use: IdentifierUse): TraceReason {
  if (parentSampled !== undefined) return parentSampled ? 'sampled' : 'none';
  const reason = reasonFor(head, ratios, random, use);
  return reason === 'none' || draws(ratios.overallRatio, random, use.samplesById ? head : undefined) ? reason : 'none';
}

function reasonFor(head: RequestHead, { clientRatio, randomRatio }: SamplingRatios, random: Random, { packsReason, samplesById }: IdentifierUse): TraceReason {
  const { known } = head;
  const carried = packsReason ? traceReasonIn(head) : 'none';
  if (carried !== 'none') return carried;
  if ((known & Known.clientTraceId) !== 0 && draws(clientRatio, random, undefined)) return 'client-forced';
  // Of clients outside it has been taken away before.
  if ((known & Known.envoy) !== 0 && head.has('x-envoy-force-trace')) return 'service-forced';
  return draws(randomRatio, random, samplesById ? head : undefined) ? 'sampled' : 'none';
}

/** Envoy's denominator: ten thousand. */
const percentParts = 10_000;

/** Certainties draw nothing. */
function draws(ratio: number, random: Random, head: RequestHead | undefined): boolean {
  if (ratio >= 1) return true;
  if (ratio <= 0) return false;
  const number = head && identifierNumber(head);
  return (number === undefined ? random.next() : (number % percentParts) / percentParts) < ratio;
}
