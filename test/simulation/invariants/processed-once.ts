/**
 * No program hears of a request twice: what may have been processed is not sent again. Except that a request whose
 * method is idempotent is, once, when the program that had it has died and its connection had served before: from
 * the outside that is the keep-alive race (RFC 9110, 9.2.2; as Go's client has it).
 */
import type { Invariant } from './invariant.ts';

export const processedOnce: Invariant = {
  name: 'each request reaches a program at most once',
  create({ violated }) {
    /** Path → the pod that heard of it. */
    const heard = new Map<string, string>();
    const died = new Set<string>();
    return {
      observe(observation) {
        if (observation.kind === 'process ended') died.add(observation.process);
        if (observation.kind !== 'program busy' || observation.change !== 'arrived') return;
        const { method, path, pod } = observation;
        const before = heard.get(path);
        const mayComeAgain = method === 'GET' && before !== undefined && died.has(`${before}/user-container`);
        if (before !== undefined && !mayComeAgain) violated(`${method} ${path} reached ${before} and then ${pod.name}`);
        heard.set(path, pod.name);
      },
    };
  },
};
