/** Transports that stand between a component and the API server. */
import type { ApiRequest, ApiResponse, Transport } from '@sluice/kubernetes';
import { attributesOf, type Attributes } from './api-attributes.ts';
import type { GrantedAccess } from './granted-access.ts';

/** Answers 403 where a real server would, and keeps what was denied. */
export class GuardedTransport implements Transport {
  readonly denied: Attributes[] = [];
  readonly #inner: Transport;
  readonly #access: GrantedAccess;

  constructor(inner: Transport, access: GrantedAccess) {
    this.#inner = inner;
    this.#access = access;
  }

  async send(request: ApiRequest): Promise<ApiResponse> {
    const denied = attributesOf(request).filter((attributes) => !this.#access.allows(attributes));
    if (denied.length === 0) return this.#inner.send(request);
    this.denied.push(...denied);
    return { status: 403, headers: {}, body: oneText(JSON.stringify({ kind: 'Status', apiVersion: 'v1', code: 403, reason: 'Forbidden' })) };
  }
}

/** Lets watches of some resources hear nothing for a while, so that a component acts on caches that are behind. */
export class LateWatches implements Transport {
  readonly #inner: Transport;
  readonly #held = new Map<string, PromiseWithResolvers<void>>();

  /** @param resources plurals with their group: `apps/deployments` */
  constructor(inner: Transport, resources: readonly string[]) {
    this.#inner = inner;
    for (const resource of resources) this.#held.set(resource, Promise.withResolvers());
  }

  /** From now on the watches of `resource` hear everything, also what they missed. */
  release(resource: string): void {
    this.#held.get(resource)?.resolve();
    this.#held.delete(resource);
  }

  async send(request: ApiRequest): Promise<ApiResponse> {
    const [wanted] = attributesOf(request);
    const held = wanted?.verb === 'watch' ? this.#held.get(`${wanted.group}/${wanted.resource}`) : undefined;
    return held ? { status: 200, headers: {}, body: silence(held.promise) } : this.#inner.send(request);
  }
}

async function* oneText(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

// oxlint-disable-next-line require-yield -- a watch without a single event
async function* silence(until: Promise<void>): AsyncGenerator<Uint8Array> {
  await until;
}
