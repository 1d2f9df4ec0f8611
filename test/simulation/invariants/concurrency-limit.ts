/** No program ever has more requests at once than its containerConcurrency allows. */
import type { Invariant } from './invariant.ts';

export const concurrencyLimit: Invariant = {
  name: 'a pod never has more requests at once than containerConcurrency',
  create({ violated }) {
    return {
      observe(observation) {
        if (observation.kind !== 'program busy') return;
        const { pod, concurrency } = observation;
        if (pod.containerConcurrency > 0 && concurrency > pod.containerConcurrency) {
          violated(`${pod.name} has ${concurrency} requests at once, its limit is ${pod.containerConcurrency}`);
        }
      },
    };
  },
};
