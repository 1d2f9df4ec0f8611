/** Queues and buffers stay under their limits, looked at again and again while the mesh runs. */
import type { Invariant } from './invariant.ts';

export const bounded: Invariant = {
  name: 'queues and buffers stay under their limits',
  create({ violated }) {
    return {
      observe(observation) {
        if (observation.kind !== 'gauges') return;
        for (const { what, value, limit } of observation.gauges) {
          if (value > limit) violated(`${observation.process}: ${what} is ${value}, its limit is ${limit}`);
        }
      },
    };
  },
};
