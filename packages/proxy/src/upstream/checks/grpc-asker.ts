/** Asks a host by gRPC's health service. https://github.com/grpc/grpc/blob/master/doc/health-checking.md */
import type { CheckResult, Host } from '@sluice/balancing';
import type { GrpcCheck } from '@sluice/resources';
import type { HostPool } from '../host-pool.ts';
import type { UpstreamContext } from '../upstream-context.ts';
import { CheckExchange, type CheckAnswer } from './check-exchange.ts';
import { openCheckPool } from './check-pool.ts';
import { readServingStatus, writeHealthCheckRequest } from './grpc-health-messages.ts';
import type { AskerOptions, HostAsker, OnCheckResult } from './host-asker.ts';

/** Of an answer: one message of one field. Chosen: generous towards servers that say more. */
const answerBytesMax = 4096;

export class GrpcAsker implements HostAsker {
  readonly #host: Host;
  readonly #check: GrpcCheck;
  readonly #options: AskerOptions;
  readonly #context: UpstreamContext;
  readonly #pool: HostPool;
  #exchange: CheckExchange | undefined;

  constructor(host: Host, check: GrpcCheck, options: AskerOptions, context: UpstreamContext) {
    this.#host = host;
    this.#check = check;
    this.#options = options;
    this.#context = context;
    this.#pool = openCheckPool(host, true, options, context);
  }

  ask(onResult: OnCheckResult): void {
    const { serviceName, authority, metadata } = this.#check;
    const { clusterName, check } = this.#options;
    const question = {
      method: 'POST',
      path: '/grpc.health.v1.Health/Check',
      authority: this.#host.endpoint.check.hostname || authority || clusterName,
      headers: { 'content-type': 'application/grpc', te: 'trailers', 'user-agent': 'Envoy/HC', ...metadata },
      body: writeHealthCheckRequest(serviceName),
      timeoutMs: check.timeoutMs,
      answerBytesMax,
    };
    this.#exchange = new CheckExchange(question, this.#pool, this.#context, (answer) => {
      this.#exchange = undefined;
      const [result, reason] = judge(answer);
      onResult(result, reason);
    });
    this.#exchange.start();
  }

  close(): void {
    this.#exchange?.cancel();
    this.#pool.drain();
  }
}

function judge(answer: CheckAnswer): readonly [CheckResult, string] {
  if (answer.kind === 'failed') return [{ kind: 'unreachable', timedOut: answer.timedOut }, answer.reason];
  const { head, body, trailers } = answer;
  const refusal: CheckResult = { kind: 'refused', retriable: false };
  if (head.status !== 200) return [refusal, `status ${head.status}`];
  // Without a body all is in the head.
  const grpcStatus = trailers?.get('grpc-status') ?? head.get('grpc-status');
  if (grpcStatus !== '0') return [refusal, `gRPC status ${grpcStatus ?? 'missing'}`];
  const serving = readServingStatus(body);
  return serving === 'SERVING' ? [{ kind: 'passed', degraded: false }, ''] : [refusal, `the service is ${serving ?? 'unreadable'}`];
}
