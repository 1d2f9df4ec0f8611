/**
 * When nothing is wanted of a process any more, nothing is held for any request: no stream, no slot of a breaker, no
 * place in a queue, no circuit breaker's count. Looked at when the mesh is at rest, and when a process has drained.
 */
import type { Invariant } from './invariant.ts';

export const nothingHeld: Invariant = {
  name: 'at rest no lease is held',
  create({ violated }) {
    const check = (process: string, held: ReadonlyMap<string, number>) => {
      for (const [what, count] of held) if (count !== 0) violated(`${process} holds ${count} ${what}`);
    };
    return {
      observe(observation) {
        if (observation.kind === 'process stopped') check(observation.process, observation.held);
      },
      checkAtRest({ processes }) {
        for (const { name, held } of processes) check(name, held);
      },
    };
  },
};
