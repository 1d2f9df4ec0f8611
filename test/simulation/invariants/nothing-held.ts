/** At rest nothing is held for any request: no stream, no slot of a breaker, no place in a queue, no circuit breaker's count. */
import type { Invariant } from './invariant.ts';

export const nothingHeld: Invariant = {
  name: 'at rest no lease is held',
  create({ violated }) {
    return {
      checkAtRest({ processes }) {
        for (const { name, held } of processes) {
          for (const [what, count] of held) if (count !== 0) violated(`${name} holds ${count} ${what}`);
        }
      },
    };
  },
};
