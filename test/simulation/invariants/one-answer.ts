/** Each request ends exactly once for its client, with an answer that is its own and whole, and none is lost. */
import type { ClientRequest } from '../clients.ts';
import type { Invariant } from './invariant.ts';

export const oneAnswer: Invariant = {
  name: 'each request ends exactly once, with its own answer',
  create({ scenario, violated }) {
    const responseBytes = new Map(scenario.services.map(({ name, program }) => [name, program.responseBytes]));
    const sent: ClientRequest[] = [];
    return {
      observe(observation) {
        if (observation.kind === 'request sent' && observation.request.sends === 1) sent.push(observation.request);
        if (observation.kind !== 'request ended') return;
        const { id, service, sends, result } = observation.request;
        if (result?.kind === 'gave-up') violated(`request ${id} to ${service} was never answered`);
        if (result?.kind !== 'answered') return;
        const answered = result.headers.get('x-answers');
        if (answered === undefined) return;
        if (answered !== `/request/${id}/${sends}`) violated(`request ${id} got the answer to ${answered}`);
        const expected = responseBytes.get(service);
        if (result.body.length !== expected) violated(`request ${id} got ${result.body.length} of ${expected} bytes`);
      },
      checkAtRest() {
        for (const { id, service, result, answers } of sent) {
          if (result === undefined) violated(`request ${id} to ${service} never ended`);
          if (answers > 1) violated(`request ${id} to ${service} was answered ${answers} times`);
        }
      },
    };
  },
};
