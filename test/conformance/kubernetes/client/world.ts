/** What a case gets: clients of one API server, a namespace of its own, and ways between it and the server that a test can spoil. */
import { systemClock, systemRandom, systemTimers, silentLogger } from '@sluice/kernel';
import {
  configMaps,
  Informer,
  KubernetesClient,
  type ApiRequest,
  type ApiResponse,
  type ConfigMap,
  type ResourceKind,
  type KubernetesObject,
  type Transport,
} from '@sluice/kubernetes';

export interface World {
  readonly transport: Transport;
  readonly client: KubernetesClient;
  /** Made for this case, and deleted with all that is in it afterwards. */
  readonly namespace: string;
  /** Letters and digits that no other run has: part of names outside namespaces. */
  readonly run: string;
}

export interface Case {
  /** What must be so, as a sentence. */
  readonly name: string;
  run(world: World): Promise<void>;
}

/** @param reason what is said when it never comes true within 20 s: real clusters take their time */
export async function until(reason: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited 20 s for: ${reason}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function clientOver(transport: Transport, fieldManager = 'conformance'): KubernetesClient {
  return new KubernetesClient({ transport, fieldManager });
}

export function map({ namespace }: World, name: string, more: Partial<Omit<ConfigMap, 'metadata'>> & { readonly metadata?: object } = {}): ConfigMap {
  const { metadata, ...rest } = more;
  return { apiVersion: 'v1', kind: 'ConfigMap', ...rest, metadata: { name, namespace, ...metadata } };
}

export interface Cache<T extends KubernetesObject> {
  readonly informer: Informer<T>;
  /** `added a`, in the order of telling. */
  readonly told: string[];
  stop(): Promise<void>;
}

/** A cache of the maps in the case's namespace that are labelled `case=<label>`, or of all when none is given. */
export function cacheOf(world: World, client: KubernetesClient, options: { readonly label?: string; readonly idleTimeoutMs?: number; readonly pageSize?: number } = {}): Cache<ConfigMap> {
  return cacheOfKind(world, client, configMaps, options);
}

export function cacheOfKind<T extends KubernetesObject>(
  world: World,
  client: KubernetesClient,
  kind: ResourceKind<T>,
  { label, ...options }: { readonly label?: string; readonly idleTimeoutMs?: number; readonly pageSize?: number } = {},
): Cache<T> {
  const informer = new Informer<T>({
    client,
    kind,
    namespace: world.namespace,
    ...(label === undefined ? {} : { labelSelector: `case=${label}` }),
    ...options,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    logger: silentLogger,
  });
  const told: string[] = [];
  informer.subscribe((change) => told.push(`${change.kind} ${change.object.metadata.name}`));
  informer.start();
  return { informer, told, stop: () => informer.stop() };
}

export function isWatch({ path }: ApiRequest): boolean {
  return path.includes('watch=true');
}

/** A way to the server on which something happens to answers. */
export function spoiled(transport: Transport, spoil: (request: ApiRequest, response: ApiResponse) => ApiResponse | undefined): Transport {
  return {
    async send(request) {
      const response = await transport.send(request);
      return spoil(request, response) ?? response;
    },
  };
}

/** The body until `bytes` of it have come; then it breaks off, as it does when the peer goes away. */
export async function* cutAfter(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  if (left > 0) {
    for await (const piece of body) {
      yield piece.subarray(0, left);
      left -= piece.length;
      if (left <= 0) break;
    }
  }
  throw new Error('cut off');
}

/** The body until `bytes` of it have come; then silence, as behind a firewall that forgot the connection. */
export async function* silentAfter(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const piece of body) {
    if (left > 0) yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) await new Promise<never>(() => {});
  }
}
