/** A push that cannot be used is refused, with a reason, and changes nothing. */
import { badVersion } from '../faults.ts';
import type { Invariant } from './invariant.ts';

interface Pushed {
  readonly process: string;
  readonly stream: number;
  /** What the proxy had in force before. */
  readonly config: string | undefined;
  /** Something else has reached the proxy since, which may change what is in force. */
  isMixed: boolean;
  isAnswered: boolean;
}

export const badPushRefused: Invariant = {
  name: 'an invalid push is refused and changes nothing',
  create({ violated }) {
    /** Process → version of the configuration in force. */
    const configs = new Map<string, string>();
    /** Nonce → push. */
    const pushes = new Map<string, Pushed>();
    return {
      observe(observation) {
        switch (observation.kind) {
          case 'log':
            if (observation.event === 'config applied') configs.set(observation.process, String(observation.fields['version']));
            return;
          case 'xds response': {
            const { process, response } = observation;
            if (response.versionInfo === badVersion) {
              pushes.set(response.nonce, { process, stream: observation.stream, config: configs.get(process), isMixed: false, isAnswered: false });
            } else {
              for (const pushed of pushes.values()) if (pushed.process === process) pushed.isMixed = true;
            }
            return;
          }
          case 'xds request': {
            const { process, request, stream } = observation;
            // A stream that broke took what was on it along.
            for (const [nonce, pushed] of pushes) if (pushed.process === process && pushed.stream !== stream) pushes.delete(nonce);
            const pushed = pushes.get(request.responseNonce);
            if (!pushed || pushed.isAnswered) return;
            pushed.isAnswered = true;
            if (request.errorDetail === undefined) violated(`${process} accepted an invalid push`);
            const config = configs.get(process);
            if (!pushed.isMixed && config !== pushed.config) violated(`${process} went from ${pushed.config ?? 'nothing'} to ${config ?? 'nothing'} by an invalid push`);
          }
        }
      },
      checkAtRest() {
        for (const { process, isAnswered } of pushes.values()) if (!isAnswered) violated(`${process} never answered an invalid push`);
      },
    };
  },
};
