/** At rest nobody is busy with itself: timers fire at a steady, low rate. */
import type { Invariant } from './invariant.ts';

/** The busiest is a proxy, which looks at its timeouts 20 times a second; twice as much is left for all the rest. */
const timersPerSecondMax = 60;

export const calm: Invariant = {
  name: 'at rest there is no storm of timers',
  create({ violated }) {
    return {
      checkAtRest({ processes }) {
        for (const { name, timersPerSecond } of processes) {
          if (timersPerSecond > timersPerSecondMax) violated(`${name} fires ${timersPerSecond.toFixed(1)} timers a second`);
        }
      },
    };
  },
};
