/** The transport over real sockets: undici, loaded when the first request is sent. */
import { readFile } from 'node:fs/promises';
import { MeshError, type Clock } from '@sluice/kernel';
import type { Agent } from 'undici';
import type { ClusterAccess } from '../kubeconfig/cluster-access.ts';
import type { ApiRequest, ApiResponse, Transport } from '../transport.ts';

export interface HttpTransportOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /**
   * How long to wait for the head of an answer, in ms. Default 30 000: servers give up on their own after 60 s,
   * and whoever waits for longer than half of that is better served by trying again.
   */
  readonly headTimeoutMs?: number;
}

/** Tokens in files are replaced well before they expire; once a minute is how often client-go looks. */
const tokenMaxAgeMs = 60_000;

/** How long a body that is no stream may pause, in ms. Chosen: a server that stalls in mid-answer has gone. */
const bodyTimeoutMs = 30_000;

export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  #agent: Promise<Agent> | undefined;
  #token: { readonly value: string; readonly readAt: number } | undefined;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
  }

  async send(request: ApiRequest): Promise<ApiResponse> {
    const { access, headTimeoutMs = 30_000 } = this.#options;
    const token = await this.#readToken();
    const agent = await (this.#agent ??= this.#load());
    try {
      const response = await agent.request({
        origin: access.server,
        path: request.path,
        method: request.method,
        headers: token === undefined ? request.headers : { ...request.headers, authorization: `Bearer ${token}` },
        body: request.body ?? null,
        signal: request.signal ?? null,
        headersTimeout: headTimeoutMs,
        bodyTimeout: request.streaming ? 0 : bodyTimeoutMs,
      });
      return { status: response.statusCode, headers: flatten(response.headers), body: response.body };
    } catch (reason) {
      if (request.signal?.aborted) throw reason;
      throw unreachable(access.server, request, reason);
    }
  }

  async close(): Promise<void> {
    const agent = await this.#agent;
    await agent?.destroy();
  }

  async #load(): Promise<Agent> {
    const { Agent } = await import('undici');
    const { tls } = this.#options.access;
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

  async #readToken(): Promise<string | undefined> {
    const { access, clock } = this.#options;
    if (access.token === undefined || access.token.kind === 'value') return access.token?.value;
    if (this.#token && clock.now() - this.#token.readAt < tokenMaxAgeMs) return this.#token.value;
    const value = (await readFile(access.token.path, 'utf8')).trim();
    this.#token = { value, readAt: clock.now() };
    return value;
  }
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
