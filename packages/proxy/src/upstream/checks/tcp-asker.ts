/** Asks a host by bytes: some there, some back, each time on a new connection. */
import type { Host } from '@sluice/balancing';
import type { TcpCheck } from '@sluice/resources';
import { exchangeBytes } from '../../probe/tcp-exchange.ts';
import type { UpstreamContext } from '../upstream-context.ts';
import { checkAddressOf, type HostAsker, type OnCheckResult } from './host-asker.ts';

export class TcpAsker implements HostAsker {
  readonly #host: Host;
  readonly #question: TcpCheck;
  readonly #timeoutMs: number;
  readonly #context: UpstreamContext;
  #isClosed = false;

  constructor(host: Host, question: TcpCheck, timeoutMs: number, context: UpstreamContext) {
    this.#host = host;
    this.#question = question;
    this.#timeoutMs = timeoutMs;
    this.#context = context;
  }

  ask(onResult: OnCheckResult): void {
    const { network, timers, turn } = this.#context;
    const { send, receive } = this.#question;
    exchangeBytes(network, timers, { address: checkAddressOf(this.#host), send, receive, timeoutMs: this.#timeoutMs }, (failure) => {
      if (this.#isClosed) return;
      turn.enter();
      try {
        if (failure === undefined) onResult({ kind: 'passed', degraded: false }, '');
        else onResult({ kind: 'unreachable', timedOut: failure.timedOut }, failure.reason);
      } finally {
        turn.leave();
      }
    });
  }

  close(): void {
    this.#isClosed = true;
  }
}
