/**
 * The Kubernetes API as methods, for any kind. It keeps nothing: no cache, no retries, no discovery. What
 * was asked for is sent once, and an answer that says no is thrown as an `ApiError`.
 */
import { ApiError, isStatus, type Status } from './api-error.ts';
import type { ApiSender, JsonRequest } from './api-sender.ts';
import type { KubernetesObject } from './object.ts';
import { readBody } from './response-body.ts';
import { ResourceClient } from './resource-client.ts';
import type { ResourceKind } from './resource-kind.ts';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

export interface KubernetesClientOptions {
  readonly transport: Transport;
  /** Who writes, in the bookkeeping of fields: `sluice-controller`. */
  readonly fieldManager: string;
  /** Default: the field manager. */
  readonly userAgent?: string;
}

export interface LogOptions {
  readonly namespace: string;
  readonly pod: string;
  /** May be absent for a pod with one container. */
  readonly container?: string;
  /** Only so many of the last lines. Absent: all that is kept. */
  readonly tailLines?: number;
  /** The log of the container's run before this one. */
  readonly previous?: boolean;
}

export class KubernetesClient implements ApiSender {
  readonly fieldManager: string;
  readonly #transport: Transport;
  readonly #userAgent: string;

  constructor(options: KubernetesClientOptions) {
    this.fieldManager = options.fieldManager;
    this.#transport = options.transport;
    this.#userAgent = options.userAgent ?? options.fieldManager;
  }

  /** The methods for one kind. */
  resource<T extends KubernetesObject>(kind: ResourceKind<T>): ResourceClient<T> {
    return new ResourceClient(this, kind);
  }

  /** What a container has written, as text. Lines carry no time stamps. */
  async logs(options: LogOptions): Promise<string> {
    const query = new URLSearchParams();
    if (options.container !== undefined) query.set('container', options.container);
    if (options.tailLines !== undefined) query.set('tailLines', String(options.tailLines));
    if (options.previous) query.set('previous', 'true');
    const path = `/api/v1/namespaces/${encodeURIComponent(options.namespace)}/pods/${encodeURIComponent(options.pod)}/log`;
    const response = await this.send({ method: 'GET', path: `${path}?${query}`, headers: { accept: '*/*' } });
    return readBody(response);
  }

  /** One request whose answer is JSON. @throws ApiError when the answer says no */
  async json(request: JsonRequest): Promise<unknown> {
    const { contentType, ...rest } = request;
    const headers: Record<string, string> = { accept: 'application/json' };
    if (request.body !== undefined) headers['content-type'] = contentType ?? 'application/json';
    const response = await this.send({ ...rest, headers });
    return JSON.parse(await readBody(response));
  }

  /** One request, with its answer as it comes. @throws ApiError when the answer says no */
  async send(request: ApiRequest): Promise<ApiResponse> {
    const headers = { ...request.headers, 'user-agent': this.#userAgent };
    const response = await this.#transport.send({ ...request, headers });
    if (response.status < 200 || response.status > 299) throw await readError(request, response);
    return response;
  }

  /** Gives up idle connections and ends requests under way. */
  async close(): Promise<void> {
    await this.#transport.close?.();
  }
}

async function readError(request: ApiRequest, response: ApiResponse): Promise<ApiError> {
  const attempted = `${request.method} ${request.path}`;
  const retryAfterSeconds = Number(response.headers['retry-after']);
  const retryAfterMs = retryAfterSeconds > 0 ? retryAfterSeconds * 1000 : undefined;
  return new ApiError(response.status, await readStatus(response), attempted, retryAfterMs);
}

/** A proxy in between may answer with something else than a Status; its text is kept as the message. */
async function readStatus(response: ApiResponse): Promise<Status> {
  const text = await readBody(response);
  try {
    const parsed: unknown = JSON.parse(text);
    if (isStatus(parsed)) return parsed;
  } catch {
    // Not JSON: below.
  }
  return { kind: 'Status', apiVersion: 'v1', message: `answered ${response.status} ${text.slice(0, 200)}`.trimEnd() };
}
