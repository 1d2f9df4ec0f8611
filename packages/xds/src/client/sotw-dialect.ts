/** State of the world: every request has the full list of names; a response to a wildcard is all there is. */
import type { DiscoveryRequest, DiscoveryResponse, EncodedResource, ErrorDetail } from '../discovery.ts';
import { isFullState } from '../type-urls.ts';
import { decodeWrappedResource } from '../wire/delta-wire.ts';
import type { Dialect } from './dialect.ts';
import type { IncomingResource } from './incoming.ts';
import type { TypeSubscription } from './type-subscription.ts';

/** The type of a resource that has been wrapped, to say how long it holds. */
const wrapperUrl = 'type.googleapis.com/envoy.service.discovery.v3.Resource';

export const sotwDialect: Dialect<DiscoveryRequest, DiscoveryResponse> = {
  read({ typeUrl, versionInfo, nonce, resources, controlPlane }) {
    return {
      typeUrl,
      version: versionInfo,
      nonce,
      resources: resources.map(unwrap),
      removed: [],
      isWhole: isFullState(typeUrl),
      identity: versionInfo,
      ...(controlPlane === undefined ? {} : { controlPlane }),
    };
  },
  open: (type) => request(type, ''),
  change: (type) => request(type, type.nonce),
  answer: (type, nonce, errorDetail) => request(type, nonce, errorDetail),
  answerTellsNames: true,
  carriesVirtualHosts: false,
};

function request(type: TypeSubscription, responseNonce: string, errorDetail?: ErrorDetail): DiscoveryRequest {
  return {
    typeUrl: type.typeUrl,
    versionInfo: type.acceptedVersion,
    responseNonce,
    resourceNames: namesOf(type),
    ...(errorDetail === undefined ? {} : { errorDetail }),
  };
}

/** Nothing means everything until a name was given on this stream; from then on everything has to be said. */
function namesOf(type: TypeSubscription): readonly string[] {
  if (!type.isWildcard) return type.names;
  if (type.names.length > 0) type.saysWildcard = true;
  return type.saysWildcard ? ['*', ...type.names] : [];
}

/** Bytes that are no wrapper stay what they are: what is wrong with them is said as of any other resource. */
function unwrap(encoded: EncodedResource): IncomingResource {
  if (encoded.typeUrl !== wrapperUrl) return { serverVersion: '', resource: encoded };
  try {
    const { name, version, resource, ttlMs } = decodeWrappedResource(encoded.value);
    return {
      ...(name === '' ? {} : { name }),
      serverVersion: version,
      ...(resource === undefined ? {} : { resource }),
      ...(ttlMs === undefined ? {} : { ttlMs }),
    };
  } catch {
    return { serverVersion: '', resource: encoded };
  }
}
