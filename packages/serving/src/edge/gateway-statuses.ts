/** What is said on GatewayClasses and Gateways. */
import type { Gateway, GatewayAddress, GatewayClass } from './api/gateway-api.ts';
import { gatewayGroup } from './edge-kinds.ts';
import type { EdgeClassStatus, EdgeGatewayStatus } from './edge-model.ts';
import { condition, type AttachPoint } from './gateway-listeners.ts';
import { supportedFeatures } from './supported-features.ts';

export function classStatus({ spec }: GatewayClass): EdgeClassStatus {
  const fault = spec.parametersRef === undefined ? undefined : { reason: 'InvalidParameters', message: 'parametersRef is not supported' };
  return { conditions: [condition('Accepted', fault, 'Accepted')], supportedFeatures };
}

/**
 * @param points of this Gateway, in the order of its listeners
 * @param attachedTo how many routes a listener has
 */
export function gatewayStatus({ spec }: Gateway, points: readonly AttachPoint[], addresses: readonly GatewayAddress[], attachedTo: (point: AttachPoint) => number): EdgeGatewayStatus {
  const invalid = points.filter(({ protocol }) => protocol === undefined);
  const listenersNotValid = { reason: 'ListenersNotValid', message: `listeners that cannot be served: ${invalid.map(({ listener }) => listener.name).join(', ')}` };
  const refusal = refusalOf(spec) ?? (points.length > 0 && invalid.length === points.length ? listenersNotValid : undefined);
  const accepted = condition('Accepted', refusal, 'Accepted');
  return {
    addresses,
    conditions: [
      accepted.status === 'True' && invalid.length > 0 ? { ...accepted, ...listenersNotValid } : accepted,
      condition('Programmed', refusal ? { reason: 'Invalid', message: refusal.message } : unprogrammed(spec, points, addresses), 'Programmed'),
    ],
    listeners: points.map((point) => ({
      name: point.listener.name,
      supportedKinds: point.kinds.map((kind) => ({ group: gatewayGroup, kind })),
      attachedRoutes: attachedTo(point),
      conditions: point.conditions,
    })),
  };
}

/** Whether nothing of a Gateway is served, and why. */
export function refusalOf({ infrastructure, addresses = [], tls }: Gateway['spec']): { readonly reason: string; readonly message: string } | undefined {
  if (infrastructure?.parametersRef !== undefined) return { reason: 'InvalidParameters', message: 'infrastructure.parametersRef is not supported' };
  const [part] = Object.keys(tls ?? {});
  if (part !== undefined) return { reason: 'InvalidParameters', message: `tls.${part} is not supported` };
  const odd = addresses.find(({ type = 'IPAddress' }) => type !== 'IPAddress' && type !== 'Hostname');
  return odd && { reason: 'UnsupportedAddress', message: `addresses of type ${odd.type} are not supported` };
}

function unprogrammed({ addresses: asked = [] }: Gateway['spec'], points: readonly AttachPoint[], addresses: readonly GatewayAddress[]): { readonly reason: string; readonly message: string } | undefined {
  const foreign = asked.find(({ value }) => value !== undefined && value !== '' && !addresses.some((own) => own.value === value));
  if (foreign) return { reason: 'AddressNotUsable', message: `gateways are not reached at ${foreign.value}` };
  if (addresses.length === 0) return { reason: 'AddressNotAssigned', message: 'the Service in front of gateways has no address yet' };
  return points.some(({ isProgrammed }) => isProgrammed) ? undefined : { reason: 'Invalid', message: 'no listener is served' };
}
