/**
 * Whose content all gateways have taken. A gateway has taken everything when all that it was sent of the types that make up
 * routes is accepted, and nothing more is due to it; whoever waited at that moment waits no longer.
 */
import { typeUrls, type Refusal, type TypeUrl } from '@sluice/xds';

/** What is looked at of a gateway's stream. */
export interface GatewayStream {
  readonly node: { readonly id: string } | undefined;
  readonly channels: readonly {
    readonly typeUrl: TypeUrl;
    /** It has all there is, has said so, and has refused nothing of it. */
    readonly isSettled: boolean;
    /** It has been sent all there is and has answered, be it with refusals. */
    readonly isAnswered: boolean;
    readonly rejection: { readonly message: string } | undefined;
    /** By resource. */
    readonly refusals: { readonly list: readonly Refusal[] };
  }[];
  /** Tables are given without their hosts, and those are asked for one by one. */
  readonly discoversHosts: boolean;
}

export interface Settled {
  /** Whose content is in force everywhere. */
  readonly ready: readonly string[];
  /** Why the content of those who go on waiting is not, in the gateways' words. Empty while it is only on its way. */
  readonly refusal: string;
  /** Of those who go on waiting, those of whom a host is refused by itself, and why: the others need not wait for them. */
  readonly refusals: ReadonlyMap<string, string>;
}

/** Whose a virtual host is, by the name of its resource; undefined when it is there no more. */
export type OwnerOfHost = (resource: string) => string | undefined;

/** Endpoints come and go all the time, and are sent before the routes that need them. */
const routingTypes: ReadonlySet<TypeUrl> = new Set<TypeUrl>([typeUrls.listener, typeUrls.routeConfiguration, typeUrls.virtualHost, typeUrls.cluster]);

/** In characters. Chosen: enough for what a gateway says about one route, and thousands of them fit an API server's storage. */
const refusalLengthMax = 1000;

export class Acknowledgements {
  readonly #waiting = new Set<string>();

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  get waiting(): ReadonlySet<string> {
    return this.#waiting;
  }

  /** An object's content has been published. */
  wait(owner: string): void {
    this.#waiting.add(owner);
  }

  forget(owner: string): void {
    this.#waiting.delete(owner);
  }

  /** @param streams of the gateways that are connected; where there is none, nothing is in force anywhere */
  settle(streams: readonly GatewayStream[], ownerOf: OwnerOfHost = () => undefined): Settled {
    const gateways = Map.groupBy(streams.filter(({ node }) => node !== undefined), ({ node }) => node?.id ?? '');
    if (gateways.size === 0 || ![...gateways.values()].every(hasAll)) return { ready: [], refusal: describe([...gateways].flatMap(([id, own]) => refusalsOf(id, own))), refusals: new Map() };
    const refusals = this.#refusedHosts(gateways, ownerOf);
    const ready = [...this.#waiting].filter((owner) => !refusals.has(owner));
    for (const owner of ready) this.#waiting.delete(owner);
    return { ready, refusal: '', refusals };
  }

  /** A gateway takes or refuses a virtual host by itself, so only its owner is told. */
  #refusedHosts(gateways: ReadonlyMap<string, readonly GatewayStream[]>, ownerOf: OwnerOfHost): ReadonlyMap<string, string> {
    const reasons = new Map<string, string[]>();
    for (const [id, streams] of gateways) {
      for (const { name, message } of streams.flatMap(({ channels }) => channels.filter(isOfHosts).flatMap(({ refusals }) => refusals.list))) {
        const owner = ownerOf(name);
        if (owner !== undefined && this.#waiting.has(owner)) reasons.set(owner, [...(reasons.get(owner) ?? []), `gateway ${id} refuses it: ${message}`]);
      }
    }
    return new Map([...reasons].map(([owner, texts]) => [owner, describe(texts)]));
  }
}

function hasAll(streams: readonly GatewayStream[]): boolean {
  const channels = streams.flatMap((stream) => stream.channels).filter(({ typeUrl }) => routingTypes.has(typeUrl));
  // One that has only just come has not asked for its routes yet, or not for their hosts.
  const has = (wanted: TypeUrl): boolean => channels.some(({ typeUrl }) => typeUrl === wanted);
  if (!has(typeUrls.routeConfiguration) || (streams.some(({ discoversHosts }) => discoversHosts) && !has(typeUrls.virtualHost))) return false;
  return channels.every((channel) => (isOfHosts(channel) ? channel.isAnswered : channel.isSettled));
}

function isOfHosts({ typeUrl }: { readonly typeUrl: TypeUrl }): boolean {
  return typeUrl === typeUrls.virtualHost;
}

/** Gateways that are told the same refuse the same; and a condition is no log. */
function describe([first = '', ...others]: readonly string[]): string {
  const text = first.length > refusalLengthMax ? `${first.slice(0, refusalLengthMax)}…` : first;
  return others.length === 0 ? text : `${text} (and ${others.length} more)`;
}

function refusalsOf(id: string, streams: readonly GatewayStream[]): string[] {
  return streams.flatMap(({ channels }) =>
    channels.flatMap(({ typeUrl, rejection }) => (rejection && routingTypes.has(typeUrl) && !isOfHosts({ typeUrl }) ? [`gateway ${id} refuses it: ${rejection.message}`] : [])),
  );
}
