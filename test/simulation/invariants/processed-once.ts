/** No program hears of a request twice: what may have been processed is not sent again. */
import type { Invariant } from './invariant.ts';

export const processedOnce: Invariant = {
  name: 'each request reaches a program at most once',
  create({ violated }) {
    const heard = new Map<string, string>();
    return {
      observe(observation) {
        if (observation.kind !== 'program busy' || observation.change !== 'arrived') return;
        const { path, pod } = observation;
        const before = heard.get(path);
        if (before !== undefined) violated(`${path} reached ${before} and then ${pod.name}`);
        heard.set(path, pod.name);
      },
    };
  },
};
