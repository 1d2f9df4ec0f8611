/** Which routes a listener takes: by kind, and by where they are from. */
import type { GatewayListener, LabelSelector } from './api/gateway-api.ts';
import { gatewayGroup } from './edge-kinds.ts';

export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute';

/** What listeners of a protocol can have. */
const routeKinds: Readonly<Record<string, readonly RouteKind[]>> = { HTTP: ['HTTPRoute', 'GRPCRoute'], HTTPS: ['HTTPRoute', 'GRPCRoute'], TLS: ['TLSRoute'], TCP: ['TCPRoute'] };

export interface AllowedKinds {
  readonly kinds: readonly RouteKind[];
  /** Of what is asked for, what no listener can have. */
  readonly unknown: readonly string[];
}

export function allowedKinds({ protocol, allowedRoutes }: GatewayListener): AllowedKinds {
  const possible = routeKinds[protocol] ?? [];
  const asked = allowedRoutes?.kinds ?? [];
  if (asked.length === 0) return { kinds: possible, unknown: [] };
  const isKnown = ({ group = gatewayGroup, kind }: (typeof asked)[number]) => group === gatewayGroup && possible.some((known) => known === kind);
  return {
    kinds: possible.filter((known) => asked.some(({ group = gatewayGroup, kind }) => group === gatewayGroup && kind === known)),
    unknown: asked.filter((one) => !isKnown(one)).map(({ kind }) => kind),
  };
}

/**
 * @param own the Gateway's namespace
 * @param labelsOf of a namespace; undefined for one that is not there
 */
export function allowsNamespace({ allowedRoutes }: GatewayListener, own: string, namespace: string, labelsOf: (namespace: string) => Readonly<Record<string, string>> | undefined): boolean {
  const { from = 'Same', selector } = allowedRoutes?.namespaces ?? {};
  switch (from) {
    case 'All':
      return true;
    case 'Same':
      return namespace === own;
    case 'Selector': {
      const labels = labelsOf(namespace);
      return labels !== undefined && selector !== undefined && selects(selector, labels);
    }
    default:
      return false;
  }
}

function selects({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
        default:
          return false;
      }
    })
  );
}
