/** What resources refer to by name, from which source that is to come, and under whose numbers it counts. */
import { connectionManagerOf, downstreamTlsContextTypeName, secretsOf, secretsOfDownstream, typeUrls, type Cluster, type ConfigSource, type DownstreamTlsContext, type Listener, type RouteConfiguration, type SecretReference } from '@sluice/resources';
import { extensionsOfListener } from './extension-references.ts';

export interface SourceReference {
  readonly typeUrl: string;
  readonly name: string;
  readonly source: ConfigSource;
  /** Whose statistics tell how it goes: of a cluster, or of a connection manager. Empty for secrets, which have their own. */
  readonly scope: string;
}

export function sourceReferencesOfCluster({ discovery, statName, transportSocket, transportSocketMatches = [] }: Cluster): readonly SourceReference[] {
  const endpoints: SourceReference[] =
    discovery.kind === 'EDS' && discovery.configSource
      ? [{ typeUrl: typeUrls.clusterLoadAssignment, name: discovery.serviceName, source: discovery.configSource, scope: statName }]
      : [];
  const sockets = [transportSocket, ...transportSocketMatches.map(({ socket }) => socket)];
  return [...endpoints, ...sockets.flatMap((socket) => (socket?.kind === 'tls' ? secretReferences(secretsOf(socket.tls.common)) : []))];
}

export function sourceReferencesOfListener(listener: Listener): readonly SourceReference[] {
  const { filterChains, defaultFilterChain } = listener;
  const chains = defaultFilterChain ? [...filterChains, defaultFilterChain] : filterChains;
  const extensions = extensionsOfListener(listener).map(({ name, discovery: { source } }) => ({ typeUrl: typeUrls.extensionConfig, name, source, scope: '' }));
  return chains.flatMap(({ filters, transportSocket }): readonly SourceReference[] => [
    ...filters.flatMap((filter): readonly SourceReference[] => {
      const manager = connectionManagerOf(filter);
      if (manager?.routes.kind !== 'rds') return [];
      const { routeConfigName: name, configSource: source } = manager.routes;
      return [{ typeUrl: typeUrls.routeConfiguration, name, source, scope: manager.statPrefix }];
    }),
    ...(transportSocket?.typeName === downstreamTlsContextTypeName ? secretReferences(secretsOfDownstream(transportSocket.config as DownstreamTlsContext)) : []),
  ]).concat(extensions);
}

/** A table refers to none of its hosts by name: all are asked for. */
export function sourceReferencesOfRoutes({ virtualHostSource }: RouteConfiguration): readonly SourceReference[] {
  return virtualHostSource ? [{ typeUrl: typeUrls.virtualHost, name: '*', source: virtualHostSource, scope: '' }] : [];
}

function secretReferences(references: readonly SecretReference[]): readonly SourceReference[] {
  return references.flatMap(({ name, configSource }) => (configSource ? [{ typeUrl: typeUrls.secret, name, source: configSource, scope: '' }] : []));
}
