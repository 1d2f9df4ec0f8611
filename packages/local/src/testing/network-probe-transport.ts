/** Probes over the kernel's `Network`, so that those of a simulation go through its network in memory. */
import type { Connection, Network, Timers } from '@sluice/kernel';
import {
  probeUserAgent,
  type HttpProbeRequest,
  type ProbeRequest,
  type ProbeResult,
  type ProbeTransport,
} from '../kubelet/probe-transport.ts';

/** Plain HTTP and TCP. Asking for gRPC's health fails: no program of a simulation offers it. */
export function createNetworkProbeTransport(network: Network, timers: Timers): ProbeTransport {
  return {
    httpGet: (request) => converse(network, timers, request, requestText(request), judgeStatus),
    tcpConnect: (request) => converse(network, timers, request, undefined, () => ({ kind: 'success' })),
    grpcHealth: () => Promise.resolve({ kind: 'failure', message: 'no gRPC over this network' }),
  };
}

function requestText({ host, port, path, headers }: HttpProbeRequest): string {
  const all = { host: `${host}:${port}`, 'user-agent': probeUserAgent, accept: '*/*', connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** The status line is all that counts. Undefined until it is complete. */
function judgeStatus(text: string): ProbeResult | undefined {
  const status = Number(/^HTTP\/1\.[01] (\d{3})[^\n]*\n/.exec(text)?.[1]);
  if (Number.isNaN(status)) return undefined;
  if (status >= 200 && status < 400) return { kind: 'success' };
  return { kind: 'failure', message: `HTTP probe failed with statuscode: ${status}` };
}

/** @param question absent: a connection is enough, and nothing is sent */
function converse(
  network: Network,
  timers: Timers,
  { host, port, timeoutMs }: ProbeRequest,
  question: string | undefined,
  judge: (answer: string) => ProbeResult | undefined,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    let answer = '';
    let connection: Connection | undefined;
    const finish = (result: ProbeResult) => {
      timeout.cancel();
      connection?.destroy();
      resolve(result);
    };
    const fail = (message: string) => finish({ kind: 'failure', message });
    const timeout = timers.after(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`));
    connection = network.connect(
      { host, port },
      {
        onOpen() {
          if (question === undefined) return finish({ kind: 'success' });
          const bytes = Buffer.from(question);
          connection?.write(bytes, 0, bytes.length);
        },
        onData(memory, length) {
          answer += memory.toString('latin1', 0, length);
          const result = judge(answer);
          if (result) finish(result);
        },
        onDrain() {},
        onEnd: () => fail('the connection ended without an answer'),
        onClose: (error) => fail(error?.message ?? 'the connection closed without an answer'),
      },
    );
  });
}
