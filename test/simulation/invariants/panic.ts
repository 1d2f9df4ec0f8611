/** In panic the wanted number of pods never falls: a peak that has just been seen may come again. */
import type { Invariant } from './invariant.ts';

export const panicNeverFalls: Invariant = {
  name: 'in panic the desired scale never falls',
  create({ violated }) {
    return {
      observe(observation) {
        if (observation.kind !== 'log' || observation.event !== 'scale decision') return;
        const { revision, from, to, panicking } = observation.fields;
        if (panicking === true && Number(to) < Number(from)) violated(`${String(revision)} from ${String(from)} to ${String(to)} in panic`);
      },
    };
  },
};
