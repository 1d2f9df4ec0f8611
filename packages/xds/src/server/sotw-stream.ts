/**
 * The server's end of one aggregated stream, state-of-the-world variant, as a machine: events in, effects out.
 * It holds no socket, no timer and no clock.
 *
 * A stream begins unidentified; its first request names the node, and the shell answers with that node's
 * snapshots from then on. Each type has its own channel of versions and nonces. What is due is sent in
 * make-before-break order: a route is not sent before the clusters it may point to have their
 * endpoints, and a cluster is not taken away before the routes that pointed to it are. Since a client can
 * stay silent, waiting for it has a limit.
 */
import type { DiscoveryRequest, DiscoveryResponse, Node } from '../discovery.ts';
import { endpointNameOf } from '../references.ts';
import type { ResourceSet, Snapshot } from '../snapshot/snapshot.ts';
import { sendOrder, typeUrls, type TypeUrl } from '../type-urls.ts';
import { TypeChannel, type DueResponse } from './type-channel.ts';

export type SotwEvent =
  | { readonly kind: 'request'; readonly request: DiscoveryRequest }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'order wait over' };

export type SotwEffect =
  | { readonly kind: 'send'; readonly response: DiscoveryResponse }
  /** The node is known: give it its snapshots. */
  | { readonly kind: 'identify'; readonly node: Node }
  /** Come back with `order wait over` in this many ms, unless `stop waiting` comes first. */
  | { readonly kind: 'wait'; readonly delayMs: number }
  | { readonly kind: 'stop waiting' }
  | { readonly kind: 'accepted'; readonly typeUrl: TypeUrl; readonly version: string }
  | { readonly kind: 'rejected'; readonly typeUrl: TypeUrl; readonly version: string; readonly message: string }
  | { readonly kind: 'stale'; readonly typeUrl: TypeUrl }
  /** The client broke the protocol: end the stream with this gRPC status. */
  | { readonly kind: 'end'; readonly code: number; readonly details: string };

/**
 * How long what points to something waits for the client to have that something, in ms. Chosen: a healthy
 * proxy answers in a few ms; one that answers nothing for a second gets the rest without the order.
 */
export const orderWaitMs = 1_000;

const invalidArgument = 3;
const noResources: ResourceSet = { version: '', resources: new Map() };

export class SotwStream {
  readonly #controlPlane: string | undefined;
  readonly #channels = new Map<TypeUrl, TypeChannel>();
  #node: Node | undefined;
  #snapshot: Snapshot | undefined;
  #nonce = 0;
  #isWaiting = false;

  /** @param controlPlane how the server names itself in responses */
  constructor(controlPlane?: string) {
    this.#controlPlane = controlPlane;
  }

  get node(): Node | undefined {
    return this.#node;
  }

  /** The types asked for so far, in the order of the first request. */
  get channels(): readonly TypeChannel[] {
    return [...this.#channels.values()];
  }

  step(event: SotwEvent): readonly SotwEffect[] {
    const effects: SotwEffect[] = [];
    switch (event.kind) {
      case 'request':
        if (!this.#onRequest(event.request, effects)) return effects;
        break;
      case 'snapshot':
        this.#snapshot = event.snapshot;
        break;
      case 'order wait over':
        this.#isWaiting = false;
        this.#flush(effects, true);
        return effects;
    }
    this.#flush(effects, false);
    return effects;
  }

  /** False when the request changes nothing. */
  #onRequest(request: DiscoveryRequest, effects: SotwEffect[]): boolean {
    const { typeUrl } = request;
    if (typeUrl === '') {
      effects.push({ kind: 'end', code: invalidArgument, details: 'type_url is required on an aggregated stream' });
      return false;
    }
    if (this.#node === undefined) {
      if (request.node === undefined) {
        effects.push({ kind: 'end', code: invalidArgument, details: 'the first request of a stream must carry a node' });
        return false;
      }
      this.#node = request.node;
      effects.push({ kind: 'identify', node: request.node });
    }
    let channel = this.#channels.get(typeUrl);
    if (!channel) this.#channels.set(typeUrl, (channel = new TypeChannel(typeUrl)));
    const version = channel.sentVersion;
    switch (channel.onRequest(request)) {
      case 'stale':
        effects.push({ kind: 'stale', typeUrl });
        return false;
      case 'accepted':
        effects.push({ kind: 'accepted', typeUrl, version });
        break;
      case 'rejected':
        effects.push({ kind: 'rejected', typeUrl, version, message: request.errorDetail?.message ?? '' });
        break;
      case 'first':
      case 'changed':
        break;
    }
    return true;
  }

  /**
   * Sends what is due and may go.
   * @param regardless the limit of waiting is reached: what is due goes, in order but without waiting
   */
  #flush(effects: SotwEffect[], regardless: boolean): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return;
    let awaitsNew = false;
    let isHeldBack = false;
    for (const channel of this.#inSendOrder()) {
      const mustWait = awaitsNew || (!comesBeforeListeners(channel.typeUrl) && this.#awaitsEndpointRequest());
      const due = channel.isAwaiting ? undefined : dueOf(channel, snapshot, channel.typeUrl === typeUrls.cluster);
      if (due !== undefined && (!mustWait || regardless)) this.#send(channel, due, effects);
      else if (due !== undefined) isHeldBack = true;
      awaitsNew ||= channel.awaitsNew;
    }
    this.#sendRemovedClusters(snapshot, effects);
    if (isHeldBack !== this.#isWaiting) {
      this.#isWaiting = isHeldBack;
      effects.push(isHeldBack ? { kind: 'wait', delayMs: orderWaitMs } : { kind: 'stop waiting' });
    }
  }

  #inSendOrder(): readonly TypeChannel[] {
    const known = sendOrder.flatMap((typeUrl) => this.#channels.get(typeUrl) ?? []);
    const others = this.channels.filter(({ typeUrl }) => !sendOrder.includes(typeUrl));
    return [...known, ...others];
  }

  #send(channel: TypeChannel, due: DueResponse, effects: SotwEffect[]): void {
    const nonce = String((this.#nonce += 1));
    channel.onSent(due, nonce);
    effects.push({
      kind: 'send',
      response: {
        typeUrl: channel.typeUrl,
        versionInfo: due.version,
        nonce,
        resources: due.resources.map(({ encoded }) => encoded),
        ...(this.#controlPlane === undefined ? {} : { controlPlane: this.#controlPlane }),
      },
    });
    if (channel.typeUrl === typeUrls.cluster) this.#oweEndpoints(due);
  }

  /** A client warms a changed cluster until its endpoints come *after* it, so they are sent again, changed or not. */
  #oweEndpoints(due: DueResponse): void {
    const endpoints = this.#channels.get(typeUrls.clusterLoadAssignment);
    if (endpoints === undefined) return;
    const changed = new Set(due.changed);
    for (const { name, value } of due.resources) {
      const endpointName = changed.has(name) ? endpointNameOf(value) : undefined;
      if (endpointName !== undefined) endpoints.owe(endpointName);
    }
  }

  /**
   * Whether the client has clusters whose endpoints it has not asked for yet: it will, once it has read the
   * clusters. One that refused the clusters, or takes single ones by name, may well not.
   */
  #awaitsEndpointRequest(): boolean {
    const clusters = this.#channels.get(typeUrls.cluster);
    if (clusters === undefined || clusters.rejection !== undefined || !clusters.subscription.isWildcard) return false;
    const endpoints = this.#channels.get(typeUrls.clusterLoadAssignment)?.subscription;
    for (const { value } of clusters.sent.values()) {
      const endpointName = endpointNameOf(value);
      if (endpointName !== undefined && endpoints?.wants(endpointName) !== true) return true;
    }
    return false;
  }

  /** Takes removed clusters away once the client has listeners and routes that do without them. */
  #sendRemovedClusters(snapshot: Snapshot, effects: SotwEffect[]): void {
    const clusters = this.#channels.get(typeUrls.cluster);
    if (clusters === undefined || clusters.isAwaiting || !this.#hasCurrentRoutes(snapshot)) return;
    const due = dueOf(clusters, snapshot, false);
    if (due !== undefined) this.#send(clusters, due, effects);
  }

  /** A client that refused its routes goes on using the ones before, and the clusters they need. */
  #hasCurrentRoutes(snapshot: Snapshot): boolean {
    return [typeUrls.listener, typeUrls.routeConfiguration].every((typeUrl) => {
      const channel = this.#channels.get(typeUrl);
      if (channel === undefined) return true;
      const isSettled = !channel.isAwaiting && channel.rejection === undefined;
      return isSettled && dueOf(channel, snapshot, false) === undefined;
    });
  }
}

function dueOf(channel: TypeChannel, snapshot: Snapshot, keepsRemoved: boolean): DueResponse | undefined {
  return channel.due(snapshot.types.get(channel.typeUrl) ?? noResources, keepsRemoved);
}

function comesBeforeListeners(typeUrl: TypeUrl): boolean {
  const position = sendOrder.indexOf(typeUrl);
  return position >= 0 && position < sendOrder.indexOf(typeUrls.listener);
}
