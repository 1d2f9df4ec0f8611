/** Each request that a client sent stands in the gateway's access log exactly once: no stream ends twice, none without a word. */
import type { Invariant } from './invariant.ts';

export const oneLogLine: Invariant = {
  name: 'each request has one line in the access log of the gateway',
  create({ violated }) {
    /** Path → lines so far. */
    const lines = new Map<string, number>();
    return {
      observe(observation) {
        if (observation.kind === 'request sent') lines.set(observation.path, 0);
        if (observation.kind !== 'access log' || !observation.process.startsWith('gateway')) return;
        const path = observation.fields['path'] ?? '';
        const count = lines.get(path);
        if (count === undefined) return violated(`a line about ${path}, which nobody sent`);
        if (count > 0) violated(`a second line about ${path}`);
        lines.set(path, count + 1);
      },
      checkAtRest({ requests }) {
        // Who leaves before the connection stands was never heard of by the gateway.
        const unheard = new Set(requests.filter(({ result }) => result?.kind === 'hung-up').map(({ id }) => id));
        for (const [path, count] of lines) {
          const [, , id] = path.split('/');
          if (count === 0 && !unheard.has(Number(id))) violated(`no line about ${path}`);
        }
      },
    };
  },
};
