/** A stream of the delta variant. */
import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from '../discovery.ts';
import { typeUrls } from '../type-urls.ts';
import { DeltaChannel } from './delta-channel.ts';
import { DiscoveryStream, type StreamEffect, type StreamEvent, type StreamOptions, type StreamVariant } from './discovery-stream.ts';

export type DeltaEvent = StreamEvent<DeltaDiscoveryRequest>;
export type DeltaEffect = StreamEffect<DeltaDiscoveryResponse>;

const delta: StreamVariant<DeltaDiscoveryRequest, DeltaDiscoveryResponse, DeltaChannel> = {
  createChannel: (typeUrl) => new DeltaChannel(typeUrl, 'delta'),
  read: (channel, request) => channel.onRequest(request),
  respond: (typeUrl, { version, resources, removed, unresolved = [] }, nonce, controlPlane) => ({
    typeUrl,
    systemVersionInfo: version,
    nonce,
    resources: [...resources.map(({ wrapped }) => wrapped), ...unresolved.map((name) => ({ name, version: '', aliases: [name] }))],
    removedResources: removed,
    ...(controlPlane === undefined ? {} : { controlPlane }),
  }),
  // Nothing points to a listener or to a virtual host, so their removal needs no turn of its own; the others go in this order.
  removalOrder: [typeUrls.routeConfiguration, typeUrls.cluster, typeUrls.clusterLoadAssignment, typeUrls.secret],
};

export class DeltaStream extends DiscoveryStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse, DeltaChannel> {
  constructor(options: StreamOptions = {}) {
    super(delta, options);
  }
}
