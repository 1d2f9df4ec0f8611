/**
 * A config service over real gRPC that says what a test tells it to, good or bad, in every variant of discovery, and writes
 * down what it is told. It knows no rule that would keep it from nonsense.
 */
import { MeshError, systemTimers } from '@sluice/kernel';
import { messageNameOf, openGrpcServer, type AdsServerStream, type Codec, type DeltaAdsServerStream, type EncodedResource, type GrpcServer, type JsonObject, type LoadStatsServerStream, type Node, type TypeUrl } from '@sluice/xds';

/** A resource as JSON, or bytes that claim to be one. */
export type ScriptedResource = JsonObject | { readonly name: string; readonly bytes: Uint8Array };

/** What a client has said. */
export interface HeardRequest {
  readonly variant: 'sotw' | 'delta';
  readonly isAggregated: boolean;
  readonly typeUrl: TypeUrl;
  /** Wanted by name; of delta: wanted more. */
  readonly names: readonly string[];
  /** Of delta: what it says it holds. */
  readonly holding: Readonly<Record<string, string>>;
  readonly nonce: string;
  /** Why the response with the nonce was refused. */
  readonly refusal: string | undefined;
}

interface Stream {
  readonly wanted: Map<TypeUrl, Set<string>>;
  send(typeUrl: TypeUrl, names: readonly string[] | undefined, removed: readonly string[]): void;
  end(): void;
}

export class ScriptedService {
  readonly heard: HeardRequest[] = [];
  readonly nodes: Node[] = [];
  readonly #codec: Codec;
  readonly #resources = new Map<TypeUrl, Map<string, EncodedResource>>();
  readonly #streams = new Set<Stream>();
  #server: GrpcServer | undefined;
  #nonces = 0;
  #version = 0;
  /** While true it takes streams and says nothing. */
  isSilent = false;
  /** Takes reports of load. At first it wants none. */
  onLoadStats: (stream: LoadStatsServerStream) => void = (stream) => stream.end();

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  get streams(): number {
    return this.#streams.size;
  }

  async start(port = 0, tls?: Parameters<typeof openGrpcServer>[0]['tls']): Promise<void> {
    this.#server = await openGrpcServer({
      address: `127.0.0.1:${port}`,
      codec: this.#codec,
      timers: systemTimers,
      ...(tls ? { tls } : {}),
      handlers: {
        onAds: (stream) => this.#acceptSotw(stream, undefined),
        onDeltaAds: (stream) => this.#acceptDelta(stream, undefined),
        onType: (typeUrl, stream) => this.#acceptSotw(stream, typeUrl),
        onDeltaType: (typeUrl, stream) => this.#acceptDelta(stream, typeUrl),
        onLoadStats: (stream) => this.onLoadStats(stream),
        onLoad: (stream) => stream.end(),
      },
    });
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
    this.#streams.clear();
  }

  /** Has exactly these resources of the type from now on, and tells everybody who wants any of them. */
  set(typeUrl: TypeUrl, resources: readonly ScriptedResource[]): void {
    const before = this.#resources.get(typeUrl) ?? new Map<string, EncodedResource>();
    const now = new Map(resources.map((resource) => [nameOf(resource), this.#encode(typeUrl, resource)]));
    this.#resources.set(typeUrl, now);
    this.#version += 1;
    const removed = [...before.keys()].filter((name) => !now.has(name));
    const changed = [...now].filter(([name, { value }]) => !sameBytes(before.get(name)?.value, value)).map(([name]) => name);
    if (!this.isSilent) for (const stream of this.#streams) if (stream.wanted.has(typeUrl)) stream.send(typeUrl, changed, removed);
  }

  /** The answers to what was sent of a type, refusals only where `refused`. */
  answers(typeUrl: TypeUrl): readonly HeardRequest[] {
    return this.heard.filter((request) => request.typeUrl === typeUrl && request.nonce !== '');
  }

  /** Ends all streams, and goes on. */
  cut(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  #acceptSotw(stream: AdsServerStream, own: TypeUrl | undefined): void {
    const wanted = new Map<TypeUrl, Set<string>>();
    const send = (typeUrl: TypeUrl) => {
      const names = wanted.get(typeUrl) ?? new Set();
      const held = [...(this.#resources.get(typeUrl) ?? [])].filter(([name]) => names.size === 0 || names.has('*') || names.has(name));
      stream.send({ typeUrl, versionInfo: String(this.#version), nonce: String((this.#nonces += 1)), resources: held.map(([, resource]) => resource), controlPlane: 'scripted' });
    };
    const open: Stream = { wanted, send, end: () => stream.end({ code: 14, details: 'cut' }) };
    this.#streams.add(open);
    stream.listen({
      onMessage: (request) => {
        const typeUrl = own ?? request.typeUrl;
        if (request.node) this.nodes.push(request.node);
        this.heard.push({ variant: 'sotw', isAggregated: own === undefined, typeUrl, names: request.resourceNames, holding: {}, nonce: request.responseNonce, refusal: request.errorDetail?.message });
        const isNews = request.resourceNames.some((name) => !wanted.get(typeUrl)?.has(name)) || !wanted.has(typeUrl);
        wanted.set(typeUrl, new Set(request.resourceNames));
        if (isNews && !this.isSilent && this.#resources.has(typeUrl)) send(typeUrl);
      },
      onEnd: () => void this.#streams.delete(open),
    });
  }

  #acceptDelta(stream: DeltaAdsServerStream, own: TypeUrl | undefined): void {
    const wanted = new Map<TypeUrl, Set<string>>();
    const send = (typeUrl: TypeUrl, names: readonly string[] | undefined, removed: readonly string[]) => {
      const held = this.#resources.get(typeUrl) ?? new Map<string, EncodedResource>();
      const asked = wanted.get(typeUrl) ?? new Set<string>();
      const wants = (name: string) => asked.size === 0 || asked.has('*') || asked.has(name);
      const resources = [...held].filter(([name]) => wants(name) && (names === undefined || names.includes(name)));
      stream.send({
        typeUrl,
        systemVersionInfo: String(this.#version),
        nonce: String((this.#nonces += 1)),
        resources: resources.map(([name, resource]) => ({ name, version: String(this.#version), resource })),
        removedResources: removed.filter(wants),
        controlPlane: 'scripted',
      });
    };
    const open: Stream = { wanted, send, end: () => stream.end({ code: 14, details: 'cut' }) };
    this.#streams.add(open);
    stream.listen({
      onMessage: (request) => {
        const typeUrl = own ?? request.typeUrl;
        if (request.node) this.nodes.push(request.node);
        this.heard.push({ variant: 'delta', isAggregated: own === undefined, typeUrl, names: request.subscribe, holding: request.initialVersions, nonce: request.responseNonce, refusal: request.errorDetail?.message });
        const asked = wanted.get(typeUrl);
        const names = asked ?? new Set<string>();
        wanted.set(typeUrl, names);
        for (const name of request.subscribe) names.add(name);
        for (const name of request.unsubscribe) names.delete(name);
        if (this.isSilent || !this.#resources.has(typeUrl)) return;
        if (!asked) send(typeUrl, undefined, []);
        else if (request.subscribe.length > 0) send(typeUrl, request.subscribe, request.subscribe.filter((name) => !this.#resources.get(typeUrl)?.has(name)));
      },
      onEnd: () => void this.#streams.delete(open),
    });
  }

  #encode(typeUrl: TypeUrl, resource: ScriptedResource): EncodedResource {
    if ('bytes' in resource && resource.bytes instanceof Uint8Array) return { typeUrl, value: resource.bytes };
    const encoded = this.#codec.encode(messageNameOf(typeUrl), resource as JsonObject);
    if (!encoded.ok) throw new MeshError('test', `encode ${nameOf(resource)}: ${encoded.problems.map(({ path, message }) => `${path} ${message}`).join('; ')}`);
    return { typeUrl, value: encoded.value };
  }
}

function nameOf(resource: ScriptedResource): string {
  const fields = resource as Readonly<Record<string, unknown>>;
  return String(fields['name'] ?? fields['cluster_name']);
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}
