/**
 * Plays scenario files against the client's machine, in either variant. In them `a:1` is the resource `a` with content 1.
 * The consumer refuses the content `bad`; the content `garbage` is bytes that are no resource.
 */
import { problem } from '@sluice/kernel';
import type { ScenarioCommand } from '@sluice/kernel/testing';

import type { RejectedResource, ResourceUpdate } from '../client/ads-consumer.ts';
import { deltaDialect } from '../client/delta-dialect.ts';
import type { AnyRequest, Dialect } from '../client/dialect.ts';
import { DiscoveryClient, type ClientEffect, type ClientEvent, type LateReason } from '../client/discovery-client.ts';
import { sotwDialect } from '../client/sotw-dialect.ts';
import type { Codec } from '../codec/codec.ts';
import type { JsonObject } from '../codec/json.ts';
import { partMark, type DeltaDiscoveryRequest, type DeltaDiscoveryResponse, type DiscoveryRequest, type DiscoveryResponse, type EncodedResource, type WrappedResource } from '../discovery.ts';
import { shortTypeName, typeUrls, type TypeUrl } from '../type-urls.ts';
import { encodeWrappedResource } from '../wire/delta-wire.ts';

const urls: Readonly<Record<string, TypeUrl>> = {
  LDS: typeUrls.listener,
  RDS: typeUrls.routeConfiguration,
  VHDS: typeUrls.virtualHost,
  CDS: typeUrls.cluster,
  EDS: typeUrls.clusterLoadAssignment,
  SDS: typeUrls.secret,
};

/** What a player has to know of a variant. */
interface Variant<Request extends AnyRequest, Response> {
  readonly dialect: Dialect<Request, Response>;
  response(words: readonly string[]): Response;
  show(request: Request): readonly string[];
}

const sotw: Variant<DiscoveryRequest, DiscoveryResponse> = {
  dialect: sotwDialect,
  /** `response CDS n1 v1 a:1 b:2`: type, nonce, version, resources; `a:1~5` holds for 5 s. */
  response([type = '', nonce = '', versionInfo = '', ...contents]) {
    const typeUrl = urls[type] as TypeUrl;
    const resources = contents.map((text): EncodedResource => {
      const { content, ttlMs } = splitLifetime(text);
      if (ttlMs === undefined) return encode(typeUrl, content);
      return { typeUrl: 'type.googleapis.com/envoy.service.discovery.v3.Resource', value: encodeWrappedResource(wrapped(typeUrl, text)) };
    });
    return { typeUrl, nonce, versionInfo, resources };
  },
  show: ({ versionInfo, responseNonce, resourceNames }) => [`version=${versionInfo}`, `nonce=${responseNonce}`, `names=${resourceNames.join(',')}`],
};

const delta: Variant<DeltaDiscoveryRequest, DeltaDiscoveryResponse> = {
  dialect: deltaDialect,
  /** `response CDS n1 a:1 -b`: type, nonce, resources, names that are gone; `a:1~5` holds for 5 s, `a~5` is a heartbeat; after `…` more follows. */
  response([type = '', nonce = '', ...words]) {
    const typeUrl = urls[type] as TypeUrl;
    const contents = words.filter((word) => word !== '…');
    return {
      typeUrl,
      nonce,
      systemVersionInfo: contents.length === words.length ? '' : partMark,
      resources: contents.filter((text) => !text.startsWith('-')).map((text) => wrapped(typeUrl, text)),
      removedResources: contents.filter((text) => text.startsWith('-')).map((text) => text.slice(1)),
    };
  },
  show: ({ subscribe, unsubscribe, initialVersions, responseNonce }) => [
    ...(responseNonce === '' ? [] : [`nonce=${responseNonce}`]),
    ...(subscribe.length === 0 ? [] : [`subscribe=${subscribe.join(',')}`]),
    ...(unsubscribe.length === 0 ? [] : [`unsubscribe=${unsubscribe.join(',')}`]),
    ...(Object.keys(initialVersions).length === 0 ? [] : [`holding=${Object.entries(initialVersions).map((entry) => entry.join('@')).join(',')}`]),
  ],
};

/** Plays commands; what a command gives is what came of it, a line each. */
export interface ClientPlayer {
  run(command: ScenarioCommand): readonly string[];
}

export function createClientPlayer(variant: 'sotw' | 'delta', options: { readonly confirms: boolean } = { confirms: false }): ClientPlayer {
  return variant === 'sotw' ? new Player(sotw, options.confirms) : new Player(delta, options.confirms);
}

class Player<Request extends AnyRequest & { readonly typeUrl: TypeUrl }, Response> implements ClientPlayer {
  readonly #variant: Variant<Request, Response>;
  readonly #client: DiscoveryClient<Request, Response>;
  #now = 0;
  #wakeAt: number | undefined;
  #log: string[] = [];

  constructor(variant: Variant<Request, Response>, confirms: boolean) {
    this.#variant = variant;
    this.#client = new DiscoveryClient<Request, Response>({
      node: { id: 'proxy', cluster: 'group' },
      codec: jsonCodec,
      dialect: variant.dialect,
      // Jitter at its middle, so that delays can be told in advance.
      random: { next: () => 0.5 },
      offer: (update) => this.#offer(update),
      confirms,
    });
  }

  run({ name, words }: ScenarioCommand): readonly string[] {
    this.#log = [];
    switch (name) {
      case 'start':
      case 'stop':
        this.#step({ kind: name });
        break;
      case 'stream-ended':
        this.#step({ kind: 'stream ended', details: '' });
        break;
      case 'response':
        this.#step({ kind: 'response', response: this.#variant.response(words) });
        break;
      case 'in-force':
        this.#step({ kind: 'settled', upTo: Number(words[0]), reasons: words.slice(1).map(lateReason) });
        break;
      case 'demand':
        this.#demand(words);
        break;
      case 'restore':
        this.#restore(words);
        break;
      case 'advance':
        this.#advance(Number(words[0]));
        break;
      case 'held':
        return this.#client.types.filter(({ typeUrl, held }) => typeUrl !== typeUrls.virtualHost || held.size > 0).map(
          (type) => `${shortTypeName(type.typeUrl)} ${[...type.held.values()].map(({ value }) => `${nameOf(value)}:${String(value['content'])}`).join(' ')}`,
        );
      default:
        throw new Error(`unknown command ${name}`);
    }
    return this.#log;
  }

  /** `demand CDS a b`: somebody outside refers to them, and to nothing else of the type. */
  #demand([type = '', ...names]: readonly string[]): void {
    const typeUrl = urls[type] as TypeUrl;
    this.#step({ kind: 'refer', owner: type, references: names.map((name) => ({ typeUrl, name })) });
  }

  /** `restore CDS v1 a:1`: what was held in an earlier life. */
  #restore([type = '', version = '', ...contents]: readonly string[]): void {
    const typeUrl = urls[type] as TypeUrl;
    const resources = contents.map((content) => {
      const value = JSON.parse(Buffer.from(encode(typeUrl, content).value).toString()) as JsonObject;
      return { name: nameOf(value), version: `of-${content}`, value };
    });
    this.#client.restore(typeUrl, resources, version);
  }

  /** Runs what falls due on the way. */
  #advance(ms: number): void {
    const end = this.#now + ms;
    while (this.#wakeAt !== undefined && this.#wakeAt <= end) {
      this.#now = this.#wakeAt;
      this.#log.push(`at ${this.#now} ms:`);
      this.#step({ kind: 'wake' });
    }
    this.#now = end;
  }

  #step(event: ClientEvent<Response>): void {
    this.#wakeAt = undefined;
    for (const effect of this.#client.step(event, this.#now)) this.#log.push(...this.#show(effect));
  }

  #offer(update: ResourceUpdate): readonly RejectedResource[] {
    const changed = update.changed.map(({ name, value }) => `${name}:${String(value['content'])}`);
    this.#log.push(['offer', shortTypeName(update.typeUrl), ...changed, ...update.removed.map((name) => `-${name}`), ...(update.hasMore ? ['…'] : [])].join(' '));
    const bad = update.changed.filter(({ value }) => value['content'] === 'bad');
    return bad.map(({ name }) => ({ name, problems: [problem('content', 'is bad')] }));
  }

  #show(effect: ClientEffect<Request>): readonly string[] {
    switch (effect.kind) {
      case 'send': {
        const { typeUrl, node, errorDetail } = effect.request;
        const parts = [`send ${shortTypeName(typeUrl)}`, ...this.#variant.show(effect.request)];
        if (node !== undefined) parts.push(`node=${node.id}`);
        if (errorDetail !== undefined) parts.push(`refusing="${errorDetail.message}"`);
        return [parts.join(' ')];
      }
      case 'wake':
        this.#wakeAt = effect.at;
        return [];
      case 'settle':
        return [`settle ${effect.upTo}`];
      case 'connection':
        return [effect.connected ? 'connected' : 'disconnected'];
      case 'missing':
        return [`${effect.isTimeout ? 'missing' : 'unknown to the server'}: ${shortTypeName(effect.typeUrl)} ${effect.name}`];
      case 'expired':
        return [`expired: ${shortTypeName(effect.typeUrl)} ${effect.names.join(' ')}`];
      case 'unknown fields':
        return [`${effect.count} unknown fields in ${shortTypeName(effect.typeUrl)}`];
      case 'accepted':
      case 'rejected':
      case 'asked':
      case 'stream failed':
      case 'control plane':
        // The request that goes with it says the same.
        return [];
      case 'open stream':
      case 'end stream':
        return [effect.kind];
    }
  }
}

/** Resources are their JSON, so that the scenarios show the machine and not the codec. */
const jsonCodec: Codec = {
  knows: () => true,
  encode: () => ({ ok: false, problems: [] }),
  decode(_messageName, bytes) {
    const text = Buffer.from(bytes).toString();
    if (text === 'garbage') return { ok: false, problems: [problem('', 'are no resource')] };
    const { unknown = 0, ...value } = JSON.parse(text) as JsonObject & { readonly unknown?: number };
    return { ok: true, value: { value, unknownFields: unknown }, problems: [] };
  },
};

/** `http:reason` speaks against the listener, `reason` against nothing in particular. */
function lateReason(text: string): LateReason {
  const [name = '', reason] = text.split(':');
  return reason === undefined ? { typeUrl: undefined, name: '', reason: name } : { typeUrl: typeUrls.listener, name, reason: `${name}: ${reason}` };
}

/** The server's version of `a:1` is `v1`. A name before `/` is what the server calls it, whatever it says itself. */
function wrapped(typeUrl: TypeUrl, text: string): WrappedResource {
  const { content, ttlMs } = splitLifetime(text);
  if (typeUrl === typeUrls.virtualHost) {
    // Here the server's name is the one that counts: `table/host:1`.
    const [outer = '', version] = content.split(':');
    if (version === undefined) return { name: outer, version: '', aliases: [outer] };
    return { name: outer, version: `v${version}`, resource: encode(typeUrl, content.slice(content.lastIndexOf('/') + 1)) };
  }
  const [name = '', inner = content] = content.split('/');
  const [innerName = '', version] = inner.split(':');
  const lifetime = ttlMs === undefined ? {} : { ttlMs };
  if (version === undefined) return { name, version: '', ...lifetime };
  return { name: content.includes('/') ? name : innerName, version: `v${version}`, resource: encode(typeUrl, inner), ...lifetime };
}

function splitLifetime(text: string): { readonly content: string; readonly ttlMs: number | undefined } {
  const [content = '', seconds] = text.split('~');
  return { content, ttlMs: seconds === undefined ? undefined : Number(seconds) * 1000 };
}

/** A cluster takes its endpoints by discovery, a table `routes:1:hosts` its hosts; a listener `http:1:routes` takes the routes named last, `http:1:routes:secret` also a secret. */
function encode(typeUrl: TypeUrl, text: string): EncodedResource {
  return { typeUrl, value: Buffer.from(textOf(typeUrl, text)) };
}

function textOf(typeUrl: TypeUrl, text: string): string {
  const [name = '', content = '', routes, secret] = text.split(':');
  if (content === 'garbage') return content;
  if (typeUrl === typeUrls.cluster) return JSON.stringify({ name, content, type: 'EDS' });
  if (typeUrl === typeUrls.clusterLoadAssignment) return JSON.stringify({ cluster_name: name, content });
  if (typeUrl === typeUrls.routeConfiguration && routes === 'hosts') return JSON.stringify({ name, content, vhds: { config_source: { ads: {} } } });
  if (typeUrl !== typeUrls.listener) return JSON.stringify({ name, content, ...(content === 'newer' ? { unknown: 2 } : {}) });
  const filters = routes === undefined ? [] : [{ typed_config: { rds: { route_config_name: routes } } }];
  const tls = { common_tls_context: { tls_certificate_sds_secret_configs: [{ name: secret, sds_config: { ads: {} } }] } };
  return JSON.stringify({ name, content, filter_chains: [{ filters, ...(secret === undefined ? {} : { transport_socket: { typed_config: tls } }) }] });
}

function nameOf(value: JsonObject): string {
  return String(value['name'] ?? value['cluster_name']);
}
