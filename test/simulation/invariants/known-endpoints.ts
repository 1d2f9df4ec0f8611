/**
 * A proxy connects only to endpoints that a configuration it has applied names. What was captured by a request
 * just before it went away may still be used for a while.
 */
import { formatAddress } from '@sluice/kernel';
import type { Invariant } from './invariant.ts';

/** How long a request may go on with the configuration it started with before it connects, in ms. */
const captureMs = 1_000;

export const knownEndpointsOnly: Invariant = {
  name: 'no request goes to an endpoint that the applied snapshot has not had',
  create({ violated }) {
    /** Process → endpoint → when it was last part of the applied configuration; infinite while it is. */
    const known = new Map<string, Map<string, number>>();
    return {
      observe(observation) {
        if (observation.kind === 'process started') known.delete(observation.process);
        if (observation.kind === 'config applied') {
          const endpoints = known.get(observation.process) ?? new Map<string, number>();
          known.set(observation.process, endpoints);
          for (const [endpoint, until] of endpoints) {
            if (until === Number.POSITIVE_INFINITY && !observation.endpoints.has(endpoint)) endpoints.set(endpoint, observation.at);
          }
          for (const endpoint of observation.endpoints) endpoints.set(endpoint, Number.POSITIVE_INFINITY);
        }
        if (observation.kind !== 'connect' || !observation.isProxy) return;
        const endpoint = formatAddress(observation.to);
        const until = known.get(observation.process)?.get(endpoint);
        if (until === undefined) violated(`${observation.process} connects to ${endpoint}, of which it was never told`);
        else if (observation.at > until + captureMs) {
          violated(`${observation.process} connects to ${endpoint}, which went away ${Math.round(observation.at - until)} ms ago`);
        }
      },
    };
  },
};
