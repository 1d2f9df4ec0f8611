/**
 * When nobody wants anything any more, the mesh is as its owners asked: each revision that carries traffic has its
 * least number of pods, all others none, what is wanted is what there is, and everything is Ready.
 */
import type { Invariant } from './invariant.ts';

export const settled: Invariant = {
  name: 'the system settles after the last event',
  create({ scenario, violated }) {
    return {
      checkAtRest({ services }) {
        for (const { name, ready, revisions } of services) {
          if (ready !== 'True') violated(`service ${name} is Ready=${ready}`);
          const plan = scenario.services.find((service) => service.name === name);
          for (const { name: revision, isRouted, replicas, pods } of revisions) {
            const expected = isRouted ? (plan?.minScale ?? 0) : 0;
            if (replicas !== expected) violated(`revision ${revision} wants ${replicas} pods, expected ${expected}`);
            if (pods !== replicas) violated(`revision ${revision} wants ${replicas} pods and has ${pods}`);
          }
        }
      },
    };
  },
};
