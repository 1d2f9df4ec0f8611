/**
 * A transport that counts and times its requests, as Knative's components do theirs: `http.client.request.duration`, and
 * `kn.k8s.client.http.response.status_code`. Until the head of the answer, so that a watch does not count as a slow request.
 */
import type { Clock, LabelValues, Meter } from '@sluice/kernel';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';
import { durationBounds } from './work-queue-metrics.ts';

export interface MeasuredTransportOptions {
  readonly transport: Transport;
  /** URL of the API server. */
  readonly server: string;
  readonly clock: Clock;
  readonly meter: Meter;
}

export function measureTransport({ transport, server, clock, meter }: MeasuredTransportOptions): Transport {
  const { hostname, port, protocol } = new URL(server);
  const scheme = protocol.slice(0, -1);
  const server_address = hostname.replace(/^\[|\]$/g, '');
  const target: LabelValues = { server_address, server_port: port || (scheme === 'https' ? '443' : '80'), url_scheme: scheme };

  function observe(method: string, startedAt: number, outcome: LabelValues): void {
    meter
      .histogram('http_client_request_duration_seconds', 'Duration of HTTP client requests.', durationBounds, { ...target, http_request_method: method, ...outcome })
      .observe((clock.now() - startedAt) / 1000);
  }

  async function send(request: ApiRequest): Promise<ApiResponse> {
    const startedAt = clock.now();
    const { method } = request;
    try {
      const response = await transport.send(request);
      const status = String(response.status);
      observe(method, startedAt, { http_response_status_code: status });
      meter
        .counter('kn_k8s_client_http_response_status_code_total', 'Answers of the API server by method and code.', { server_address, http_request_method: method, http_response_status_code: status })
        .add();
      return response;
    } catch (error) {
      // Whoever gives up waiting has not met an error.
      if (!request.signal?.aborted) observe(method, startedAt, { error_type: '_OTHER' });
      throw error;
    }
  }

  return { send, ...(transport.close ? { close: () => transport.close?.() ?? Promise.resolve() } : {}) };
}
