/** Asks a host over HTTP: the status, and where it is wanted the body and who answers, say how it is. */
import { Buffer } from 'node:buffer';
import type { CheckResult, Host } from '@sluice/balancing';
import type { ResponseHead } from '@sluice/http';
import type { HttpCheck, StatusRange, StringMatcher } from '@sluice/resources';
import { compilePlainMatcher, type StringTest } from '../../router/string-test.ts';
import type { HostPool } from '../host-pool.ts';
import type { UpstreamContext } from '../upstream-context.ts';
import { CheckExchange, type CheckAnswer } from './check-exchange.ts';
import { openCheckPool } from './check-pool.ts';
import type { AskerOptions, HostAsker, OnCheckResult } from './host-asker.ts';

/** The host says by it that it is to be left out at once, and not asked for traffic by anybody. */
export const immediateFailure = 'x-envoy-immediate-health-check-fail';

export class HttpAsker implements HostAsker {
  readonly #host: Host;
  readonly #check: HttpCheck;
  readonly #options: AskerOptions;
  readonly #context: UpstreamContext;
  readonly #pool: HostPool;
  readonly #isService: StringTest | undefined;
  #exchange: CheckExchange | undefined;

  constructor(host: Host, check: HttpCheck, options: AskerOptions, context: UpstreamContext) {
    this.#host = host;
    this.#check = check;
    this.#options = options;
    this.#context = context;
    this.#pool = openCheckPool(host, check.speaksHttp2, options, context);
    this.#isService = check.serviceName && matcherOf(check.serviceName);
  }

  ask(onResult: OnCheckResult): void {
    const { method, path, host, send, answerBytesMax } = this.#check;
    const { clusterName, check } = this.#options;
    const question = {
      method,
      path,
      authority: this.#host.endpoint.check.hostname || host || clusterName,
      headers: this.#headers(),
      body: Buffer.from(send, 'hex'),
      timeoutMs: check.timeoutMs,
      answerBytesMax,
    };
    this.#exchange = new CheckExchange(question, this.#pool, this.#context, (answer) => this.#judge(answer, onResult));
    this.#exchange.start();
  }

  close(): void {
    this.#exchange?.cancel();
    this.#pool.drain();
  }

  #headers(): Readonly<Record<string, string>> {
    const { headers, headersToRemove } = this.#check;
    const all = { 'user-agent': 'Envoy/HC', ...headers };
    return headersToRemove.length === 0 ? all : Object.fromEntries(Object.entries(all).filter(([name]) => !headersToRemove.includes(name)));
  }

  #judge(answer: CheckAnswer, onResult: OnCheckResult): void {
    this.#exchange = undefined;
    if (answer.kind === 'failed') return onResult({ kind: 'unreachable', timedOut: answer.timedOut }, answer.reason);
    const [result, reason] = this.#judgeAnswer(answer.head, answer.body);
    onResult(result, reason);
  }

  #judgeAnswer(head: ResponseHead, body: Buffer): readonly [CheckResult, string] {
    const { expectedStatuses, retriableStatuses, receive } = this.#check;
    const { status } = head;
    if (!isWithin(status, expectedStatuses)) return [refusal(isWithin(status, retriableStatuses)), `status ${status}`];
    if (!holdsInOrder(body, receive)) return [refusal(false), 'the body is not as it should be'];
    if (head.has(immediateFailure)) return [refusal(false), `the host says ${immediateFailure}`];
    const service = this.#isService ? (head.get('x-envoy-upstream-healthchecked-cluster') ?? '') : '';
    if (this.#isService && !this.#isService(service)) return [refusal(false), `the host is of service ${JSON.stringify(service)}`];
    return [{ kind: 'passed', degraded: head.has('x-envoy-degraded') }, ''];
  }
}

function refusal(retriable: boolean): CheckResult {
  return { kind: 'refused', retriable };
}

function matcherOf(matcher: StringMatcher): StringTest | undefined {
  return matcher.kind === 'safe_regex' ? undefined : compilePlainMatcher(matcher.kind, matcher.value, matcher.ignoreCase);
}

/** Whether all pieces (in hex) come one after the other; others may come between. */
export function holdsInOrder(body: Buffer, pieces: readonly string[]): boolean {
  let at = 0;
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'hex');
    const found = body.indexOf(bytes, at);
    if (found === -1) return false;
    at = found + bytes.length;
  }
  return true;
}

function isWithin(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some(({ start, end }) => status >= start && status < end);
}
