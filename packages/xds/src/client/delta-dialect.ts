/**
 * The incremental variant: requests say what is wanted more and less, responses what has changed and what is gone. On a
 * new stream the client tells what it holds, so that only what differs has to be sent.
 */
import { partMark, type DeltaDiscoveryRequest, type DeltaDiscoveryResponse } from '../discovery.ts';
import type { Dialect } from './dialect.ts';

export const deltaDialect: Dialect<DeltaDiscoveryRequest, DeltaDiscoveryResponse> = {
  read({ typeUrl, systemVersionInfo, nonce, resources, removedResources, controlPlane }) {
    return {
      typeUrl,
      version: systemVersionInfo,
      nonce,
      resources: resources.map(({ name, version, resource, aliases, ttlMs }) => ({
        name,
        serverVersion: version,
        ...(aliases === undefined ? {} : { aliases }),
        ...(resource === undefined ? {} : { resource }),
        ...(ttlMs === undefined ? {} : { ttlMs }),
      })),
      removed: removedResources,
      isWhole: false,
      ...(systemVersionInfo.endsWith(partMark) ? { hasMore: true } : {}),
      identity: resources.map(({ name, version }) => `${name}@${version}`).join(' '),
      ...(controlPlane === undefined ? {} : { controlPlane }),
    };
  },
  open(type) {
    // Nothing at all means everything; beside names, everything has to be said.
    const subscribe = type.isWildcard && type.names.length > 0 ? ['*', ...type.names] : type.names;
    return { typeUrl: type.typeUrl, subscribe, unsubscribe: [], initialVersions: type.serverVersions(), responseNonce: '' };
  },
  change: (type, subscribe, unsubscribe) => ({ typeUrl: type.typeUrl, subscribe, unsubscribe, initialVersions: {}, responseNonce: '' }),
  answer: (type, responseNonce, errorDetail) => ({
    typeUrl: type.typeUrl,
    subscribe: [],
    unsubscribe: [],
    initialVersions: {},
    responseNonce,
    ...(errorDetail === undefined ? {} : { errorDetail }),
  }),
  answerTellsNames: false,
  carriesVirtualHosts: true,
};
