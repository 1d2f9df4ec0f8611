/** The question that Knative's prober asks a gateway, over plain HTTP. */
import { request } from 'node:http';
import type { ProbeAnswer, ProbeTarget } from './gateway-prober.ts';

/** Knative's, for the whole of it. */
const timeoutMs = 1_000;

/** Never rejects: no answer is one, too. */
export function askGateway({ address, port }: ProbeTarget, host: string): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const headers = { host, 'user-agent': 'Knative-Ingress-Probe', 'k-network-probe': 'probe', 'k-network-hash': 'override' };
    const asked = request({ host: address, port, path: '/healthz', headers, agent: false, timeout: timeoutMs, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      const hash = response.headers['k-network-hash'];
      resolve({ kind: 'answer', status: response.statusCode ?? 0, hash: typeof hash === 'string' ? hash : '' });
      response.destroy();
    });
    asked.on('error', () => resolve({ kind: 'none' }));
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}
