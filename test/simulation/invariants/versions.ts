/**
 * Per stream and type, what a proxy has accepted only moves forward: answers come in the order of what was
 * sent, an acceptance names the version of the response it answers, a refusal names the one accepted before.
 */
import type { Invariant } from './invariant.ts';

interface TypeState {
  /** Nonce → version, in the order sent. */
  readonly sent: Map<string, string>;
  lastAnswered: number;
  accepted: string;
}

export const versionsMoveForward: Invariant = {
  name: 'what a proxy has accepted only moves forward',
  create({ violated }) {
    const states = new Map<string, TypeState>();
    const stateOf = (stream: number, typeUrl: string) => {
      const key = `${stream} ${typeUrl}`;
      let state = states.get(key);
      if (!state) states.set(key, (state = { sent: new Map(), lastAnswered: -1, accepted: '' }));
      return state;
    };
    return {
      observe(observation) {
        if (observation.kind === 'xds response') {
          const { versionInfo, nonce, typeUrl } = observation.response;
          const { sent } = stateOf(observation.stream, typeUrl);
          if (sent.has(nonce)) violated(`${observation.process}: nonce ${nonce} of ${typeUrl} was used twice`);
          sent.set(nonce, versionInfo);
        }
        if (observation.kind !== 'xds request' || observation.request.responseNonce === '') return;
        const { typeUrl, responseNonce, versionInfo, errorDetail } = observation.request;
        const state = stateOf(observation.stream, typeUrl);
        const position = [...state.sent.keys()].indexOf(responseNonce);
        if (position < 0) return violated(`${observation.process}: answers a nonce it was never sent: ${responseNonce}`);
        if (position < state.lastAnswered) violated(`${observation.process}: went back to an older response of ${typeUrl}`);
        const expected = errorDetail === undefined && position > state.lastAnswered ? state.sent.get(responseNonce) : state.accepted;
        if (versionInfo !== expected) {
          violated(`${observation.process}: says version ${versionInfo} of ${typeUrl}, expected ${String(expected)}`);
        }
        state.lastAnswered = position;
        state.accepted = versionInfo;
      },
    };
  },
};
