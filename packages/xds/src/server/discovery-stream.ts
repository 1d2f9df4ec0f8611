/**
 * The server's end of one discovery stream as a machine: events in, effects out. It holds no socket, no timer
 * and no clock. The two variants of the protocol differ in what a channel is and how a response is put together;
 * the order is the same for both.
 *
 * A stream begins unidentified; its first request names the node, and the shell answers with that node's
 * snapshots from then on. Each type has its own channel of versions and nonces. What is due is sent in
 * make-before-break order: a route is not sent before the clusters it may point to have their
 * endpoints, and a cluster is not taken away before the routes that pointed to it are. Since a client can
 * stay silent, waiting for it has a limit.
 */
import type { ErrorDetail, Node } from '../discovery.ts';
import { endpointNameOf } from '../references.ts';
import { changesBetween, type ChangesByType } from '../snapshot/snapshot-changes.ts';
import { emptySetVersion } from '../snapshot/content-version.ts';
import type { ResourceSet, Snapshot, VersionedResource } from '../snapshot/snapshot.ts';
import { sendOrder, typeUrls, type TypeUrl } from '../type-urls.ts';
import type { DueResponse, RequestMeaning, TypeChannel } from './type-channel.ts';

export type StreamEvent<Request> =
  | { readonly kind: 'request'; readonly request: Request }
  /** `changes`: what differs from the snapshot before, when whoever sends it knows. */
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot; readonly changes?: ChangesByType }
  | { readonly kind: 'order wait over' };

export type StreamEffect<Response> =
  /** `bytes`: about how large it is. */
  | { readonly kind: 'send'; readonly typeUrl: TypeUrl; readonly response: Response; readonly bytes: number }
  /** The node is known: give it its snapshots. */
  | { readonly kind: 'identify'; readonly node: Node }
  /** Come back with `order wait over` in this many ms, unless `stop waiting` or another `wait` comes first. */
  | { readonly kind: 'wait'; readonly delayMs: number }
  | { readonly kind: 'stop waiting' }
  | { readonly kind: 'accepted'; readonly typeUrl: TypeUrl; readonly version: string }
  | { readonly kind: 'rejected'; readonly typeUrl: TypeUrl; readonly version: string; readonly message: string }
  | { readonly kind: 'stale'; readonly typeUrl: TypeUrl }
  /** The client broke the protocol: end the stream with this gRPC status. */
  | { readonly kind: 'end'; readonly code: number; readonly details: string };

/** What the two variants have in common in their requests. */
export interface StreamRequest {
  readonly typeUrl: TypeUrl;
  readonly node?: Node;
  readonly errorDetail?: ErrorDetail;
}

/** What makes a stream one of its variant. */
export interface StreamVariant<Request extends StreamRequest, Response, Channel extends TypeChannel> {
  createChannel(typeUrl: TypeUrl): Channel;
  read(channel: Channel, request: Request): RequestMeaning;
  respond(typeUrl: TypeUrl, due: DueResponse, nonce: string, controlPlane: string | undefined): Response;
  /** Types whose removals have messages of their own, and so an order. */
  readonly removalOrder: readonly TypeUrl[];
}

export interface StreamOptions {
  /** How the server names itself in responses. */
  readonly controlPlane?: string;
  /** The one type of a stream that has only one; its requests need not name it. Absent: aggregated. */
  readonly onlyType?: TypeUrl;
}

/**
 * How long what points to something waits for the client to have that something, in ms, from the client's last
 * word. Chosen: a healthy proxy answers in a few ms; one that answers nothing for a second gets the rest without the order.
 */
export const orderWaitMs = 1_000;

/** How many types one stream may ask about. Chosen: Envoy knows ten, and Istio's agents add a handful. */
export const typesMax = 64;

const invalidArgument = 3;
const resourceExhausted = 8;
const noResources: ResourceSet = { version: emptySetVersion, resources: new Map() };

export class DiscoveryStream<Request extends StreamRequest, Response, Channel extends TypeChannel> {
  readonly #variant: StreamVariant<Request, Response, Channel>;
  readonly #options: StreamOptions;
  readonly #channels = new Map<TypeUrl, Channel>();
  /** Clusters that were sent and whose endpoints the client has not asked for yet, with the name it will ask by. */
  readonly #unasked = new Map<string, string>();
  /** The clusters of the last response that were new or different. */
  #clustersOut: readonly VersionedResource[] = [];
  #node: Node | undefined;
  #snapshot: Snapshot | undefined;
  #nonce = 0;
  #isWaiting = false;
  #restartsWait = false;
  /** The client has been silent for the limit of waiting once: what it has not asked for by then, it does not want. */
  #hasWaited = false;

  constructor(variant: StreamVariant<Request, Response, Channel>, options: StreamOptions = {}) {
    this.#variant = variant;
    this.#options = options;
  }

  get node(): Node | undefined {
    return this.#node;
  }

  /** The types asked for so far, in the order of the first request. */
  get channels(): readonly Channel[] {
    return [...this.#channels.values()];
  }

  step(event: StreamEvent<Request>): readonly StreamEffect<Response>[] {
    const effects: StreamEffect<Response>[] = [];
    switch (event.kind) {
      case 'request':
        if (!this.#onRequest(event.request, effects)) return effects;
        break;
      case 'snapshot':
        if (!this.#onSnapshot(event.snapshot, event.changes)) return effects;
        break;
      case 'order wait over':
        this.#isWaiting = false;
        this.#hasWaited = true;
        for (const channel of this.#channels.values()) channel.onWaitOver();
        this.#flush(effects, true);
        return effects;
    }
    this.#flush(effects, false);
    return effects;
  }

  /** False when nothing that was asked for has changed. */
  #onSnapshot(snapshot: Snapshot, changes: ChangesByType | undefined): boolean {
    const previous = this.#snapshot;
    this.#snapshot = snapshot;
    if (previous === undefined) {
      for (const channel of this.#channels.values()) channel.onSet(this.#setOf(channel.typeUrl), []);
      return true;
    }
    let isConcerned = false;
    for (const [typeUrl, list] of changes ?? changesBetween(previous, snapshot)) {
      const channel = this.#channels.get(typeUrl);
      if (channel === undefined) continue;
      channel.onSet(this.#setOf(typeUrl), list);
      isConcerned = true;
    }
    return isConcerned;
  }

  #setOf(typeUrl: TypeUrl): ResourceSet {
    return this.#snapshot?.types.get(typeUrl) ?? noResources;
  }

  /** False when the request changes nothing. */
  #onRequest(request: Request, effects: StreamEffect<Response>[]): boolean {
    const typeUrl = this.#typeOf(request, effects);
    if (typeUrl === undefined || !this.#identify(request, effects)) return false;
    const channel = this.#channelOf(typeUrl, effects);
    if (channel === undefined) return false;
    const { sentVersion: version, awaitsNew: awaitedNew } = channel;
    const meaning = this.#variant.read(channel, request);
    if (typeUrl === typeUrls.clusterLoadAssignment) this.#onEndpointsAsked(channel);
    switch (meaning) {
      case 'stale':
        effects.push({ kind: 'stale', typeUrl });
        return true;
      case 'accepted':
        effects.push({ kind: 'accepted', typeUrl, version });
        // A client that takes in what is new, part by part, is not silent: what waits for it may go on waiting.
        this.#restartsWait = awaitedNew;
        // Between the sending of a cluster and its acceptance, the client may have let go of endpoints by that name that it
        // had from an earlier time: it will ask for them again.
        if (typeUrl === typeUrls.cluster) {
          this.#expectEndpointRequests();
          this.#clustersOut = [];
        }
        return true;
      case 'rejected':
        effects.push({ kind: 'rejected', typeUrl, version, message: request.errorDetail?.message ?? '' });
        return true;
      case 'first':
      case 'changed':
        return true;
    }
  }

  #typeOf({ typeUrl }: Request, effects: StreamEffect<Response>[]): TypeUrl | undefined {
    const { onlyType } = this.#options;
    if (typeUrl === '' && onlyType === undefined) {
      effects.push({ kind: 'end', code: invalidArgument, details: 'type_url is required on an aggregated stream' });
      return undefined;
    }
    if (onlyType !== undefined && typeUrl !== '' && typeUrl !== onlyType) {
      effects.push({ kind: 'end', code: invalidArgument, details: `type_url is ${typeUrl} on a stream of ${onlyType}` });
      return undefined;
    }
    return onlyType ?? typeUrl;
  }

  #identify({ node }: Request, effects: StreamEffect<Response>[]): boolean {
    if (this.#node !== undefined) return true;
    if (node === undefined) {
      effects.push({ kind: 'end', code: invalidArgument, details: 'the first request of a stream must carry a node' });
      return false;
    }
    this.#node = node;
    effects.push({ kind: 'identify', node });
    return true;
  }

  #channelOf(typeUrl: TypeUrl, effects: StreamEffect<Response>[]): Channel | undefined {
    const known = this.#channels.get(typeUrl);
    if (known) return known;
    if (this.#channels.size >= typesMax) {
      effects.push({ kind: 'end', code: resourceExhausted, details: `a stream may ask about ${typesMax} types` });
      return undefined;
    }
    const channel = this.#variant.createChannel(typeUrl);
    this.#channels.set(typeUrl, channel);
    if (this.#snapshot !== undefined) channel.onSet(this.#setOf(typeUrl), []);
    return channel;
  }

  /**
   * Sends what is due and may go.
   * @param regardless the limit of waiting is reached: what is due goes, in order but without waiting
   */
  #flush(effects: StreamEffect<Response>[], regardless: boolean): void {
    if (this.#snapshot === undefined) return;
    let awaitsNew = false;
    const heldBack = new Set<Channel>();
    for (const channel of this.#inSendOrder()) {
      const mustWait = awaitsNew || (!comesBeforeListeners(channel.typeUrl) && this.#awaitsEndpointRequest());
      const keepsRemoved = this.#keepsRemoved(channel);
      const due = channel.isAwaiting ? undefined : channel.due(keepsRemoved);
      const isWithheld = due === undefined && keepsRemoved && channel.mayHoldGone && !this.#hasWaited;
      if (due !== undefined && (!mustWait || regardless)) this.#send(channel, due, effects);
      else if (due !== undefined || isWithheld) heldBack.add(channel);
      // What waits for its users must not keep them waiting.
      awaitsNew ||= channel.awaitsNew || (!isWithheld && channel.lacksNew);
    }
    this.#sendRemovals(heldBack, effects);
    const isHeldBack = heldBack.size > 0;
    if (isHeldBack && (!this.#isWaiting || this.#restartsWait)) effects.push({ kind: 'wait', delayMs: orderWaitMs });
    else if (!isHeldBack && this.#isWaiting) effects.push({ kind: 'stop waiting' });
    this.#isWaiting = isHeldBack;
    this.#restartsWait = false;
  }

  #inSendOrder(): readonly Channel[] {
    const known = sendOrder.flatMap((typeUrl) => this.#channels.get(typeUrl) ?? []);
    if (known.length === this.#channels.size) return known;
    return [...known, ...this.channels.filter(({ typeUrl }) => !sendOrder.includes(typeUrl))];
  }

  /**
   * Whether removals of this type must wait for what is sent after it. On a stream that has just begun they wait in any
   * case: the client is about to ask for what may point to the removed.
   */
  #keepsRemoved(channel: Channel): boolean {
    if (!this.#variant.removalOrder.includes(channel.typeUrl)) return false;
    if (channel.isFirstResponse && !channel.mayHoldGone) return true;
    const users = usersOf[channel.typeUrl] ?? [];
    return !this.#hasCurrent(users) || (channel.mayHoldGone && this.#isAboutToAsk(channel, users));
  }

  /** Clusters are asked for first, so those who point to them are still to be asked for when a stream has just begun. */
  #isAboutToAsk({ typeUrl }: Channel, users: readonly TypeUrl[]): boolean {
    if (typeUrl !== typeUrls.cluster || this.#hasWaited || this.#options.onlyType !== undefined) return false;
    // Only some clients ask for virtual hosts, and they have asked for routes before.
    return users.some((user) => user !== typeUrls.virtualHost && !this.#channels.has(user));
  }

  #send(channel: Channel, due: DueResponse, effects: StreamEffect<Response>[]): void {
    const nonce = String((this.#nonce += 1));
    channel.onSent(due, nonce);
    const { typeUrl } = channel;
    const bytes = due.resources.reduce((sum, { encoded }) => sum + encoded.value.length, 0);
    const response = this.#variant.respond(typeUrl, due, nonce, this.#options.controlPlane);
    effects.push({ kind: 'send', typeUrl, response, bytes });
    if (typeUrl === typeUrls.cluster) this.#onClustersSent(due);
  }

  /** A client warms a changed cluster until its endpoints come *after* it, so they are sent again, changed or not. */
  #onClustersSent(due: DueResponse): void {
    this.#clustersOut = due.changed;
    const endpoints = this.#channels.get(typeUrls.clusterLoadAssignment);
    for (const { value } of due.changed) {
      const endpointName = endpointNameOf(value);
      if (endpointName !== undefined) endpoints?.owe(endpointName);
    }
    const { resources } = this.#setOf(typeUrls.cluster);
    for (const name of this.#unasked.keys()) if (!resources.has(name)) this.#unasked.delete(name);
    this.#expectEndpointRequests();
  }

  /** Of the clusters that were sent last, those whose endpoints the client has not asked for. */
  #expectEndpointRequests(): void {
    const endpoints = this.#channels.get(typeUrls.clusterLoadAssignment);
    for (const { name, value } of this.#clustersOut) {
      const endpointName = endpointNameOf(value);
      if (endpointName !== undefined && endpoints?.subscription.wants(endpointName) !== true) this.#unasked.set(name, endpointName);
    }
  }

  #onEndpointsAsked({ subscription }: Channel): void {
    for (const [cluster, name] of this.#unasked) if (subscription.wants(name)) this.#unasked.delete(cluster);
  }

  /**
   * Whether the client has clusters whose endpoints it has not asked for yet: it will, once it has read the
   * clusters. One that refused the clusters, or takes single ones by name, may well not.
   */
  #awaitsEndpointRequest(): boolean {
    if (this.#unasked.size === 0) return false;
    const clusters = this.#channels.get(typeUrls.cluster);
    return clusters !== undefined && clusters.rejection === undefined && clusters.subscription.isWildcard;
  }

  /** Takes away what is gone once the client has all that pointed to it, and has it without. */
  #sendRemovals(heldBack: ReadonlySet<Channel>, effects: StreamEffect<Response>[]): void {
    for (const typeUrl of this.#variant.removalOrder) {
      const channel = this.#channels.get(typeUrl);
      if (channel === undefined || channel.isAwaiting || heldBack.has(channel) || this.#keepsRemoved(channel)) continue;
      const due = channel.due(false);
      if (due !== undefined) this.#send(channel, due, effects);
    }
  }

  /** A client that refused its routes goes on using the ones before, and the clusters they need. */
  #hasCurrent(types: readonly TypeUrl[]): boolean {
    return types.every((typeUrl) => this.#channels.get(typeUrl)?.isSettled ?? true);
  }
}

/** The types whose resources may point to one of this type. */
const usersOf: Readonly<Record<TypeUrl, readonly TypeUrl[]>> = {
  [typeUrls.routeConfiguration]: [typeUrls.listener],
  [typeUrls.cluster]: [typeUrls.listener, typeUrls.routeConfiguration, typeUrls.virtualHost],
  [typeUrls.clusterLoadAssignment]: [typeUrls.listener, typeUrls.routeConfiguration, typeUrls.virtualHost, typeUrls.cluster],
  [typeUrls.secret]: [typeUrls.listener, typeUrls.routeConfiguration, typeUrls.cluster],
};

function comesBeforeListeners(typeUrl: TypeUrl): boolean {
  const position = sendOrder.indexOf(typeUrl);
  return position >= 0 && position < sendOrder.indexOf(typeUrls.listener);
}
