/** Requests of the proxy's own, one by one: from a cluster's pick to the whole answer, or why there is none. */
import { Buffer } from 'node:buffer';
import { anyHost } from '@sluice/balancing';
import type { RequestHead, ResponseHead, Trailers } from '@sluice/http';
import type { Address, Timer } from '@sluice/kernel';
import type { Engine } from '../engine.ts';
import type { OutcomeCode } from '../outcome.ts';
import { StreamInfo } from '../stream-info.ts';
import { findCluster } from './aggregate-choice.ts';
import { missingCluster, overCall, type AsyncCall, type AsyncClient, type AsyncRequest, type AsyncResult } from './async-client.ts';
import { UpstreamRequest, type UpstreamRequestOwner } from './upstream-request.ts';

const defaultAnswerBytesMax = 1 << 20;
const noBytes = Buffer.alloc(0);
const nowhere: Address = { host: '', port: 0 };

/** Sends by the configuration that is in force when it is asked. */
export function createAsyncClient(engine: Engine): AsyncClient {
  return {
    hasCluster: (name) => engine.current.clusters.has(name),
    send(request, onDone) {
      const cluster = findCluster(engine.current.clusters, request.clusterName);
      if (!cluster) {
        onDone(missingCluster(request.clusterName));
        return overCall;
      }
      const exchange = new AsyncExchange(request, engine, onDone);
      exchange.start(new UpstreamRequest(exchange, cluster, engine, cluster.poolsFor(false), undefined, anyHost));
      return exchange;
    },
  };
}

class AsyncExchange implements UpstreamRequestOwner, AsyncCall {
  readonly request: RequestHead;
  readonly info = new StreamInfo({ remote: nowhere, local: nowhere });
  readonly overrideHost = undefined;
  readonly #body: Buffer;
  readonly #answerBytesMax: number;
  readonly #engine: Engine;
  readonly #onDone: (result: AsyncResult) => void;
  readonly #timeoutMs: number;
  #upstream: UpstreamRequest | undefined;
  #deadline: Timer | undefined;
  #head: ResponseHead | undefined;
  readonly #chunks: Buffer[] = [];
  #answerBytes = 0;
  #isOver = false;

  constructor({ head, body = noBytes, timeoutMs, answerBytesMax = defaultAnswerBytesMax, prefersHttp2 = false }: AsyncRequest, engine: Engine, onDone: (result: AsyncResult) => void) {
    head.framing = body.length > 0 ? 'length' : 'none';
    head.contentLength = body.length;
    if (body.length > 0) head.set('content-length', String(body.length));
    if (prefersHttp2) this.info.protocol = 'HTTP/2';
    this.request = head;
    this.#body = body;
    this.#answerBytesMax = answerBytesMax;
    this.#timeoutMs = timeoutMs;
    this.#engine = engine;
    this.#onDone = onDone;
  }

  start(upstream: UpstreamRequest): void {
    this.#upstream = upstream;
    this.info.startAt = this.#engine.turn.now();
    if (this.#timeoutMs > 0) this.#deadline = this.#engine.timers.after(this.#timeoutMs, () => this.#inTurn(() => this.#onTimeout()));
    this.#inTurn(() => upstream.start());
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#inTurn(() => this.#letGo());
  }

  onUpstreamReady(): void {
    if (this.#body.length > 0) this.#upstream?.writeData(this.#body, 0, this.#body.length, true);
    this.#upstream?.writeEnd(undefined);
  }

  onInformational(): void {}

  onResponseHead(head: ResponseHead): void {
    this.info.responseStartAt = this.#engine.turn.now();
    this.#head = head;
  }

  onTunnelHead(): void {
    this.#finish({ kind: 'failed', code: 'upgrade-refused-token', reason: 'the host switched protocols' });
  }

  onResponseData(memory: Buffer, start: number, end: number): void {
    if (this.#isOver) return;
    this.#answerBytes += end - start;
    if (this.#answerBytes > this.#answerBytesMax) {
      this.#finish({ kind: 'failed', code: 'upstream-protocol-error', reason: `the answer has more than ${this.#answerBytesMax} bytes` });
      return;
    }
    this.#chunks.push(Buffer.from(memory.subarray(start, end)));
  }

  onResponseEnd(trailers: Trailers | undefined): void {
    const head = this.#head;
    if (head) this.#finish({ kind: 'answered', head, body: Buffer.concat(this.#chunks), trailers });
  }

  onUpstreamDrain(): void {}

  onUpstreamTunnelEnd(): void {}

  onUpstreamFailure(code: OutcomeCode, reason: string): void {
    this.#finish({ kind: 'failed', code, reason });
  }

  onUpstreamCrash(error: unknown): void {
    this.#engine.logger.error('request of the proxy’s own crashed', { error });
    this.#finish({ kind: 'failed', code: 'internal-error', reason: 'a mistake in the program' });
  }

  #onTimeout(): void {
    if (this.#isOver) return;
    this.#upstream?.noteTimeout();
    this.#finish({ kind: 'failed', code: 'upstream-timeout', reason: `no answer within ${this.#timeoutMs} ms` });
  }

  #finish(result: AsyncResult): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#letGo();
    this.#onDone(result);
  }

  #letGo(): void {
    this.#deadline?.cancel();
    this.#upstream?.release();
  }

  #inTurn(work: () => void): void {
    this.#engine.turn.enter();
    try {
      work();
    } finally {
      this.#engine.turn.leave();
    }
  }
}
