/** A stream of the state-of-the-world variant. */
import type { DiscoveryRequest, DiscoveryResponse } from '../discovery.ts';
import { typeUrls } from '../type-urls.ts';
import { DiscoveryStream, type StreamEffect, type StreamEvent, type StreamOptions, type StreamVariant } from './discovery-stream.ts';
import { SotwChannel } from './sotw-channel.ts';

export type SotwEvent = StreamEvent<DiscoveryRequest>;
export type SotwEffect = StreamEffect<DiscoveryResponse>;

const sotw: StreamVariant<DiscoveryRequest, DiscoveryResponse, SotwChannel> = {
  createChannel: (typeUrl) => new SotwChannel(typeUrl, 'sotw'),
  read: (channel, request) => channel.onRequest(request),
  respond: (typeUrl, { version, resources }, nonce, controlPlane) => ({
    typeUrl,
    versionInfo: version,
    nonce,
    resources: resources.map(({ encoded }) => encoded),
    ...(controlPlane === undefined ? {} : { controlPlane }),
  }),
  // A listener that is absent goes with the response that lacks it, and other types have no message for it.
  removalOrder: [typeUrls.cluster],
};

export class SotwStream extends DiscoveryStream<DiscoveryRequest, DiscoveryResponse, SotwChannel> {
  constructor(options: StreamOptions = {}) {
    super(sotw, options);
  }
}
