/** The transport over real sockets: undici, loaded when the first request is sent. */
import { MeshError, type Clock } from '@sluice/kernel';
import type { Agent, Dispatcher } from 'undici';
import type { ClusterAccess, ClusterTls } from '../kubeconfig/cluster-access.ts';
import type { ApiRequest, ApiResponse, Transport } from '../transport.ts';
import { CredentialSource, type Credentials } from './credentials.ts';

export interface HttpTransportOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /**
   * How long to wait for the head of an answer, in ms. Default 30 000: servers give up on their own after 60 s,
   * and whoever waits for longer than half of that is better served by trying again.
   */
  readonly headTimeoutMs?: number;
  /** What a credential plugin finds in its environment. Default: nothing but what the kubeconfig says. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** How long a body that is no stream may pause, in ms. Chosen: a server that stalls in mid-answer has gone. */
const bodyTimeoutMs = 30_000;

export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #credentials: CredentialSource;
  #agent: { readonly tlsVersion: number; readonly agent: Promise<Agent> } | undefined;
  /** Of earlier certificates: their requests under way go on, watches to their end. */
  readonly #retired = new Set<Agent>();

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#credentials = new CredentialSource(options.access, options.clock, options.environment ?? {});
  }

  async send(request: ApiRequest): Promise<ApiResponse> {
    const response = await this.#sendOnce(request);
    if (response.statusCode !== 401 || !this.#credentials.refuse()) return answerOf(response);
    // Tokens are replaced and revoked ahead of the time we look at: once more, as whoever we are now.
    await response.body.dump();
    return answerOf(await this.#sendOnce(request));
  }

  async close(): Promise<void> {
    const agents = [...this.#retired];
    if (this.#agent) agents.push(await this.#agent.agent);
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  async #sendOnce(request: ApiRequest): Promise<Dispatcher.ResponseData> {
    const { access, headTimeoutMs = 30_000 } = this.#options;
    const credentials = await this.#credentials.read();
    const { token } = credentials;
    const agent = await this.#agentFor(credentials);
    try {
      return await agent.request({
        origin: access.server,
        path: request.path,
        method: request.method,
        headers: token === undefined ? request.headers : { ...request.headers, authorization: `Bearer ${token}` },
        body: request.body ?? null,
        signal: request.signal ?? null,
        headersTimeout: headTimeoutMs,
        bodyTimeout: request.streaming ? 0 : bodyTimeoutMs,
      });
    } catch (reason) {
      if (request.signal?.aborted) throw reason;
      throw unreachable(access.server, request, reason);
    }
  }

  /** Connections are made with certificates: other certificates mean other connections. */
  #agentFor({ tls, tlsVersion }: Credentials): Promise<Agent> {
    if (this.#agent?.tlsVersion === tlsVersion) return this.#agent.agent;
    void this.#agent?.agent.then((agent) => this.#retire(agent));
    this.#agent = { tlsVersion, agent: load(tls) };
    return this.#agent.agent;
  }

  async #retire(agent: Agent): Promise<void> {
    this.#retired.add(agent);
    // Ends each connection when its last request has ended.
    await agent.close().catch(() => undefined);
    this.#retired.delete(agent);
  }
}

async function load(tls: ClusterTls): Promise<Agent> {
  const { Agent } = await import('undici');
  return new Agent({
    connect: {
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
      ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
      rejectUnauthorized: !tls.skipVerification,
    },
  });
}

function answerOf(response: Dispatcher.ResponseData): ApiResponse {
  return { status: response.statusCode, headers: flatten(response.headers), body: response.body };
}

function unreachable(server: string, request: ApiRequest, reason: unknown): MeshError {
  const found = reason instanceof Error ? reason.message : String(reason);
  return new MeshError('kubernetes-unreachable', `${request.method} ${server}${request.path}: ${found}`, {
    source: 'upstream',
    cause: reason,
  });
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
