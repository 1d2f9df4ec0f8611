/** Endpoints for tests, out of what a test wants to say about them. */
import { parseAddress } from '@sluice/kernel';
import type { Endpoint } from '../endpoint.ts';

/** An endpoint at `host:port`: healthy, weight 1, first priority, unless told otherwise. */
export function endpointAt(hostAndPort: string, facts: Partial<Endpoint> = {}): Endpoint {
  return {
    address: parseAddress(hostAndPort),
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
