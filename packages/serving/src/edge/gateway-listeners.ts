/** The listeners of all Gateways of ours: which of them are served, where, with which certificates, and what is wrong with the others. */
import type { Gateway, GatewayListener } from './api/gateway-api.ts';
import { allowedKinds, type RouteKind } from './allowed-routes.ts';
import { gatewayGroup } from './edge-kinds.ts';
import type { EdgeCondition, EdgeServer } from './edge-model.ts';
import type { RouteSurroundings } from './edge-surroundings.ts';
import { intersect, isHostname } from './hostnames.ts';

/** A listener that routes may attach to. */
export interface AttachPoint {
  /** `namespace/name` of its Gateway. */
  readonly gateway: string;
  readonly namespace: string;
  readonly listener: GatewayListener;
  /** `*` for any. */
  readonly hostname: string;
  readonly kinds: readonly RouteKind[];
  /** Undefined for one that cannot be served at all: no route attaches. */
  readonly protocol: EdgeServer['protocol'] | undefined;
  /** Keys of Secrets, of HTTPS. */
  readonly certificates: readonly string[];
  /** Whether requests are taken there. */
  readonly isProgrammed: boolean;
  readonly conditions: readonly EdgeCondition[];
}

interface Fault {
  readonly reason: string;
  readonly message: string;
}

/** Connections of TLS begin as those of HTTPS do, and may come to the same port. */
const serving: Readonly<Record<string, EdgeServer['protocol']>> = { HTTP: 'HTTP', HTTPS: 'HTTPS', TLS: 'HTTPS', TCP: 'TCP' };

/** @param gateways the oldest first: who is there first decides what is spoken at a port */
export function attachPoints(gateways: readonly Gateway[], surroundings: RouteSurroundings): AttachPoint[] {
  const protocols = new Map<number, EdgeServer['protocol']>();
  return gateways.flatMap((gateway) => {
    const { listeners = [] } = gateway.spec;
    const own = new Map<number, EdgeServer['protocol']>();
    const points = listeners.map((listener) => {
      const conflict = conflictOf(listener, listeners, protocols);
      const point = attachPoint(gateway, listener, conflict, surroundings);
      if (point.protocol && !conflict) own.set(listener.port, point.protocol);
      return point;
    });
    for (const [port, protocol] of own) if (!protocols.has(port)) protocols.set(port, protocol);
    return points;
  });
}

function conflictOf(listener: GatewayListener, siblings: readonly GatewayListener[], taken: ReadonlyMap<number, EdgeServer['protocol']>): Fault | undefined {
  const { name, port, protocol, hostname = '' } = listener;
  const others = siblings.filter((other) => other !== listener && other.port === port);
  const other = others.find((sibling) => sibling.protocol !== protocol && (serving[sibling.protocol] === undefined || serving[sibling.protocol] !== serving[protocol]));
  if (other) return { reason: 'ProtocolConflict', message: `listener "${other.name}" speaks ${other.protocol} at port ${port}` };
  const before = taken.get(port);
  if (before !== undefined && before !== serving[protocol]) return { reason: 'ProtocolConflict', message: `an older Gateway speaks ${before} at port ${port}` };
  const twin = others.find((sibling) => (sibling.hostname ?? '') === hostname);
  return twin && { reason: 'HostnameConflict', message: `listener "${twin.name}" has the same port and hostname as "${name}"` };
}

function attachPoint(gateway: Gateway, listener: GatewayListener, conflict: Fault | undefined, surroundings: RouteSurroundings): AttachPoint {
  const overlap = conflict ? undefined : overlapOf(listener, gateway.spec.listeners ?? []);
  const { namespace = '', name } = gateway.metadata;
  const refusal = conflict ?? refusalOf(listener, surroundings);
  const { kinds, unknown } = allowedKinds(listener);
  const endsTls = listener.protocol === 'HTTPS' || (listener.protocol === 'TLS' && (listener.tls?.mode ?? 'Terminate') === 'Terminate');
  const { certificates, fault } = endsTls ? certificatesOf(listener, namespace, surroundings) : { certificates: [], fault: undefined };
  const unresolved = unknown.length > 0 ? { reason: 'InvalidRouteKinds', message: `routes of kind ${unknown.join(', ')} are not supported` } : fault;
  const isProgrammed = refusal === undefined && (!endsTls || certificates.length > 0) && kinds.length > 0;
  return {
    gateway: `${namespace}/${name}`,
    namespace,
    listener,
    hostname: listener.hostname === undefined || listener.hostname === '' ? '*' : listener.hostname.toLowerCase(),
    kinds,
    protocol: refusal ? undefined : serving[listener.protocol],
    certificates,
    isProgrammed,
    conditions: [
      condition('Accepted', refusal, 'Accepted'),
      { type: 'Conflicted', status: conflict ? 'True' : 'False', reason: conflict?.reason ?? 'NoConflicts', message: conflict?.message ?? '' },
      condition('ResolvedRefs', unresolved, 'ResolvedRefs'),
      ...(overlap ? [overlap] : []),
      condition('Programmed', isProgrammed ? undefined : { reason: 'Invalid', message: refusal?.message ?? unresolved?.message ?? '' }, 'Programmed'),
    ],
  };
}

function refusalOf({ protocol, port, hostname = '', tls }: GatewayListener, { ports }: RouteSurroundings): Fault | undefined {
  const wanted = serving[protocol];
  if (!wanted) return { reason: 'UnsupportedProtocol', message: `protocol ${protocol} is not supported; HTTP, HTTPS, TLS and TCP are` };
  const served = ports.get(port);
  if (!served) return { reason: 'PortUnavailable', message: `gateways cannot be reached at port ${port}, but at ${[...ports.keys()].join(', ')}` };
  if (!served.includes(wanted)) return { reason: 'PortUnavailable', message: `port ${port} is for ${served.join(' and ')}` };
  if (hostname !== '' && !isHostname(hostname.toLowerCase())) return { reason: 'Invalid', message: `hostname ${JSON.stringify(hostname)} is none` };
  if (protocol === 'HTTPS' && (tls?.mode ?? 'Terminate') !== 'Terminate') return { reason: 'Invalid', message: `tls.mode ${tls?.mode} is not for HTTPS` };
  const [option] = Object.keys(tls?.options ?? {});
  if (option !== undefined) return { reason: 'Invalid', message: `tls.options: "${option}" is not known` };
  return undefined;
}

/**
 * Of two listeners at one port whose hostnames have names in common a client may send the requests for the one on a connection to the other.
 * https://gateway-api.sigs.k8s.io/geps/gep-3567/
 */
function overlapOf({ name, port, protocol, hostname = '' }: GatewayListener, siblings: readonly GatewayListener[]): EdgeCondition | undefined {
  if (protocol !== 'HTTPS') return undefined;
  const others = siblings.filter((other) => other.name !== name && other.port === port && other.protocol === 'HTTPS' && intersect(hostname.toLowerCase(), (other.hostname ?? '').toLowerCase()) !== undefined);
  if (others.length === 0) return undefined;
  return { type: 'OverlappingTLSConfig', status: 'True', reason: 'OverlappingHostnames', message: `hostnames in common with ${others.map((other) => `"${other.name}"`).join(', ')}` };
}

/** Those that are good are shown, whatever is wrong with others. */
function certificatesOf({ tls }: GatewayListener, namespace: string, { grants, findCertificate }: RouteSurroundings): { readonly certificates: readonly string[]; readonly fault: Fault | undefined } {
  const refs = tls?.certificateRefs ?? [];
  const faults: Fault[] = refs.length === 0 ? [{ reason: 'InvalidCertificateRef', message: 'tls.certificateRefs names no Secret' }] : [];
  const certificates: string[] = [];
  for (const { group = '', kind = 'Secret', namespace: where = namespace, name } of refs) {
    const key = `${where}/${name}`;
    if (group !== '' || kind !== 'Secret') faults.push({ reason: 'InvalidCertificateRef', message: `"${name}" is a ${kind}${group === '' ? '' : ` of ${group}`}; only Secrets hold certificates` });
    else if (!grants.allows({ from: { group: gatewayGroup, kind: 'Gateway', namespace }, to: { group: '', kind: 'Secret', namespace: where, name } })) {
      faults.push({ reason: 'RefNotPermitted', message: `no ReferenceGrant in ${where} lets a Gateway of ${namespace} name Secret "${name}"` });
    } else {
      const found = findCertificate(key);
      if (found.ok) certificates.push(key);
      else faults.push({ reason: 'InvalidCertificateRef', message: `Secret "${key}" ${found.reason}` });
    }
  }
  return { certificates, fault: faults[0] };
}

export function condition(type: string, fault: { readonly reason: string; readonly message: string } | undefined, goodReason: string): EdgeCondition {
  return fault ? { type, status: 'False', ...fault } : { type, status: 'True', reason: goodReason, message: '' };
}
