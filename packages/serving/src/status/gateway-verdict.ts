/**
 * What gateways have made of a Route's content, as the config service tells it in an annotation of the Route's status. A
 * status has one writer, the Route's controller; this is another's word, which the controller turns into `IngressReady`.
 */
import { isFalse, isTrue, isUnknown, type Mark } from './condition-set.ts';

/** In `status.annotations`. */
export const gatewayVerdictAnnotation = 'networking.sluice.dev/gateways';

export interface GatewayVerdict {
  /** Of the content that it is about: that of the Ingress which the traffic stands for. */
  readonly hash: string;
  /** Whether all gateways have taken it. */
  readonly ready: boolean;
  /** Why not. */
  readonly message: string;
}

export function formatVerdict({ hash, ready, message }: GatewayVerdict): string {
  return JSON.stringify({ hash, ready, message });
}

/** Undefined when there is none, or none that can be read. */
export function parseVerdict(annotations: Readonly<Record<string, string>> | undefined): GatewayVerdict | undefined {
  const text = annotations?.[gatewayVerdictAnnotation];
  if (text === undefined) return undefined;
  try {
    const { hash, ready, message } = JSON.parse(text) as Partial<GatewayVerdict>;
    if (typeof hash !== 'string' || typeof ready !== 'boolean') return undefined;
    return { hash, ready, message: typeof message === 'string' ? message : '' };
  } catch {
    return undefined;
  }
}

/** @param hash of the content that is wanted now */
export function ingressMark(verdict: GatewayVerdict | undefined, hash: string): Mark {
  if (verdict?.hash !== hash) return isUnknown('Uninitialized', 'Waiting for load balancer to be ready');
  return verdict.ready ? isTrue : isFalse('GatewayRefused', verdict.message);
}
