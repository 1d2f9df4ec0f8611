/**
 * Whether a request is traced, and why. In Envoy's order: whoever called us has decided for the whole trace; else the
 * reason that `x-request-id` carries, a client's wish, our own side's order, chance; and the overall share caps all of
 * these but the caller's decision.
 */
import { Known, type RequestHead } from '@sluice/http';
import type { Random } from '@sluice/kernel';
import type { SamplingRatios } from '@sluice/resources';
import { traceReasonIn } from '../request-id.ts';

export type TraceReason = 'none' | 'sampled' | 'service-forced' | 'client-forced';

/** `parentSampled` is what the caller has decided; undefined when nobody has. */
export function decideTrace(head: RequestHead, parentSampled: boolean | undefined, ratios: SamplingRatios, random: Random): TraceReason {
  if (parentSampled !== undefined) return parentSampled ? 'sampled' : 'none';
  const reason = reasonFor(head, ratios, random);
  return reason === 'none' || draws(ratios.overallRatio, random) ? reason : 'none';
}

function reasonFor(head: RequestHead, { clientRatio, randomRatio }: SamplingRatios, random: Random): TraceReason {
  const { known } = head;
  const carried = traceReasonIn(head);
  if (carried !== 'none') return carried;
  if ((known & Known.clientTraceId) !== 0 && draws(clientRatio, random)) return 'client-forced';
  // Of clients outside it has been taken away before.
  if ((known & Known.envoy) !== 0 && head.has('x-envoy-force-trace')) return 'service-forced';
  return draws(randomRatio, random) ? 'sampled' : 'none';
}

/** Certainties draw nothing. */
function draws(ratio: number, random: Random): boolean {
  return ratio >= 1 || (ratio > 0 && random.next() < ratio);
}
