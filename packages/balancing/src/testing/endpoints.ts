/** Endpoints for tests, out of what a test wants to say about them. */
import type { Endpoint } from '../endpoint.ts';

/** An endpoint at `host:port`: healthy, weight 1, first priority, unless told otherwise. */
export function endpointAt(hostAndPort: string, facts: Partial<Endpoint> = {}): Endpoint {
  const colon = hostAndPort.lastIndexOf(':');
  return {
    address: { host: hostAndPort.slice(0, colon), port: Number(hostAndPort.slice(colon + 1)) },
    hostname: '',
    health: 'healthy',
    weight: 1,
    priority: 0,
    locality: { region: '', zone: '', subZone: '' },
    localityWeight: 0,
    metadata: {},
    check: { port: 0, hostname: '', isDisabled: false },
    ...facts,
  };
}
