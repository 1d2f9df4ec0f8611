/**
 * The API server as one component reaches it: requests and answers take their time on a link, watches come
 * piece by piece in order, and both can break.
 */
import { MeshError } from '@sluice/kernel';
import type { ApiRequest, ApiResponse, Transport } from '@sluice/kubernetes';
import type { SimulatedLinks } from '@sluice/kernel/testing';
import { PushedBody } from '@sluice/kubernetes/testing';
import type { ApiServer } from '@sluice/local';
import type { Sandbox } from '../floor/sandbox.ts';

/** The name of the API server on the links. */
export const apiServerName = 'api-server';

export class SimulatedKubernetesTransport implements Transport {
  readonly #server: ApiServer;
  readonly #links: SimulatedLinks;
  readonly #sandbox: Sandbox;
  /** How to break each exchange that is under way. */
  readonly #open = new Set<(reason: unknown) => void>();

  constructor(server: ApiServer, links: SimulatedLinks, sandbox: Sandbox) {
    this.#server = server;
    this.#links = links;
    this.#sandbox = sandbox;
    sandbox.onKill(() => this.cut());
    sandbox.onBreakWatches(() => this.cut());
  }

  /** Breaks everything that is under way. */
  cut(): void {
    const reason = new MeshError('connection-reset', 'the connection to the API server broke');
    for (const breakOff of this.#open) breakOff(reason);
  }

  async send(request: ApiRequest): Promise<ApiResponse> {
    request.signal?.throwIfAborted();
    const response = await this.#exchange(request);
    // A killed process waits for ever: nothing that it awaited goes on.
    return this.#sandbox.isKilled ? new Promise<never>(() => {}) : response;
  }

  #exchange(request: ApiRequest): Promise<ApiResponse> {
    const up = this.#links.openPipe(this.#sandbox.part, apiServerName);
    const down = this.#links.openPipe(apiServerName, this.#sandbox.part);
    const { promise, resolve, reject } = Promise.withResolvers<ApiResponse>();
    const body = new PushedBody();
    let closeStream = () => {};
    const breakOff = (reason: unknown) => {
      this.#open.delete(breakOff);
      up.cut();
      down.cut();
      closeStream();
      if (this.#sandbox.isKilled) return;
      reject(reason);
      body.fail(reason as Error);
    };
    const finish = () => {
      this.#open.delete(breakOff);
      body.end();
    };
    this.#open.add(breakOff);
    request.signal?.addEventListener('abort', () => breakOff(request.signal?.reason), { once: true });
    up.send(async () => {
      const { status, headers, body: content } = await this.#server.handle(request);
      down.send(() => resolve({ status, headers, body }));
      if (content.kind === 'text') {
        down.send(() => {
          body.push(content.text);
          finish();
        });
      } else if (!this.#open.has(breakOff)) {
        content.stream.close();
      } else {
        closeStream = () => content.stream.close();
        content.stream.listen({ onText: (text) => down.send(() => body.push(text)), onEnd: () => down.send(finish) });
      }
    });
    return promise;
  }
}
