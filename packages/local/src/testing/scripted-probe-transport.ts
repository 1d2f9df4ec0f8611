/** Answers probes from a function, and keeps what was asked. */
import type { GrpcProbeRequest, HttpProbeRequest, ProbeRequest, ProbeResult, ProbeTransport } from '../kubelet/probe-transport.ts';

export type AskedProbe =
  | { readonly kind: 'http'; readonly request: HttpProbeRequest }
  | { readonly kind: 'tcp'; readonly request: ProbeRequest }
  | { readonly kind: 'grpc'; readonly request: GrpcProbeRequest };

export class ScriptedProbeTransport implements ProbeTransport {
  readonly asked: AskedProbe[] = [];
  /** Decides every answer. Default: success. */
  answer: (probe: AskedProbe) => boolean | Promise<boolean> = () => true;

  httpGet(request: HttpProbeRequest): Promise<ProbeResult> {
    return this.#ask({ kind: 'http', request });
  }

  tcpConnect(request: ProbeRequest): Promise<ProbeResult> {
    return this.#ask({ kind: 'tcp', request });
  }

  grpcHealth(request: GrpcProbeRequest): Promise<ProbeResult> {
    return this.#ask({ kind: 'grpc', request });
  }

  async #ask(probe: AskedProbe): Promise<ProbeResult> {
    this.asked.push(probe);
    return (await this.answer(probe)) ? { kind: 'success' } : { kind: 'failure', message: 'refused by the script' };
  }
}
