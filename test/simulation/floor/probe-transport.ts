/** The kubelet's probes on the simulated network. */
import type { Network, Timers } from '@sluice/kernel';
import type { HttpProbeRequest, ProbeRequest, ProbeResult, ProbeTransport } from '@sluice/local';
import { MessageReader } from '../http/message-reader.ts';

export class SimulatedProbeTransport implements ProbeTransport {
  readonly #network: Network;
  readonly #timers: Timers;

  constructor(network: Network, timers: Timers) {
    this.#network = network;
    this.#timers = timers;
  }

  httpGet({ host, port, path, headers, timeoutMs }: HttpProbeRequest): Promise<ProbeResult> {
    return this.#attempt({ host, port, timeoutMs }, (settle, write) => {
      const reader = new MessageReader('response', {
        onMessage({ startLine, body }) {
          const status = Number(startLine.slice(9, 12));
          if (status >= 200 && status <= 399) settle({ kind: 'success' });
          else settle({ kind: 'failure', message: `HTTP probe failed with statuscode: ${status} ${body.trim()}` });
        },
        onProblem: (problem) => settle({ kind: 'failure', message: problem }),
      });
      const given = Object.entries({ host: `${host}:${port}`, 'user-agent': 'kube-probe/1.32', ...headers });
      const lines = [`GET ${path} HTTP/1.1`, ...given.map(([name, value]) => `${name}: ${value}`), 'connection: close'];
      write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
      return reader;
    });
  }

  tcpConnect(request: ProbeRequest): Promise<ProbeResult> {
    return this.#attempt(request, (settle) => {
      settle({ kind: 'success' });
      return undefined;
    });
  }

  async grpcHealth(): Promise<ProbeResult> {
    return { kind: 'failure', message: 'no gRPC in the simulation' };
  }

  #attempt(
    { host, port, timeoutMs }: ProbeRequest,
    onOpen: (settle: (result: ProbeResult) => void, write: (bytes: Buffer) => void) => MessageReader | undefined,
  ): Promise<ProbeResult> {
    const { promise, resolve } = Promise.withResolvers<ProbeResult>();
    let reader: MessageReader | undefined;
    const settle = (result: ProbeResult) => {
      timer.cancel();
      resolve(result);
      connection.destroy();
    };
    const connection = this.#network.connect(
      { host, port },
      {
        onOpen: () => {
          reader = onOpen(settle, (bytes) => connection.write(bytes, 0, bytes.length));
        },
        onData: (memory, length) => reader?.push(memory.subarray(0, length)),
        onDrain() {},
        onEnd: () => reader?.end(),
        onClose: (error) => settle({ kind: 'failure', message: error?.message ?? 'connection closed' }),
      },
    );
    const timer = this.#timers.after(timeoutMs, () => settle({ kind: 'failure', message: `no answer within ${timeoutMs} ms` }));
    return promise;
  }
}
