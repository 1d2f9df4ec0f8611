/** Which observations go into the journal, and how they read there. */
import { formatAddress } from '@sluice/kernel';
import type { Journal } from './journal.ts';
import type { Observation } from './observation.ts';

export function writeObservation(journal: Journal, observation: Observation): void {
  switch (observation.kind) {
    case 'request sent': {
      const { host } = observation.request;
      return journal.write('client', 'request', { path: observation.path, host });
    }
    case 'request ended': {
      const { id, result } = observation.request;
      if (result?.kind !== 'answered') {
        return journal.write('client', result?.kind ?? 'ended', { id, ...(result?.kind === 'failed' ? { reason: result.reason } : {}) });
      }
      const { status, headers, body } = result;
      const by = status === 200 ? { pod: headers.get('x-pod') } : { body: body.trim().slice(0, 120) };
      return journal.write('client', 'answered', { id, status, ...by });
    }
    case 'access log':
      return journal.write(observation.process, 'access log', observation.fields);
    case 'connect':
      // Probes and clients would only be noise.
      if (!observation.isProxy) return;
      return journal.write(observation.process, 'connect', { to: formatAddress(observation.to) });
    case 'program busy':
      return journal.write(observation.pod.name, observation.change, { path: observation.path, now: observation.concurrency });
    case 'log': {
      const { level, event, fields, process } = observation;
      return journal.write(process, level === 'info' ? event : `${level}: ${event}`, fields);
    }
    case 'process started':
      return journal.write(observation.process, 'process started');
    case 'process ended':
      return journal.write(observation.process, 'process ended');
    case 'process stopped':
      return journal.write(observation.process, 'process stopped');
    case 'xds response': {
      const { typeUrl, versionInfo, nonce, resources } = observation.response;
      return journal.write('config-server', 'xds response', { to: observation.process, type: shortType(typeUrl), version: versionInfo, nonce, resources: resources.length });
    }
    case 'xds request': {
      const { typeUrl, versionInfo, responseNonce, errorDetail } = observation.request;
      const refusal = errorDetail === undefined ? {} : { refused: errorDetail.message };
      return journal.write(observation.process, 'xds request', { type: shortType(typeUrl), version: versionInfo, nonce: responseNonce, ...refusal });
    }
    case 'change':
      return journal.write('scenario', 'change', { service: observation.plan.service, ...observation.plan.change });
    case 'fault begins':
    case 'fault ends':
      return journal.write('scenario', observation.kind, { ...observation.plan.fault });
    case 'service ready':
      return journal.write('scenario', 'service ready', { service: observation.service });
    case 'quiet':
      return journal.write('scenario', 'quiet');
    case 'config applied':
      return journal.write(observation.process, 'endpoints', { known: observation.endpoints.size });
    case 'gauges':
      // Looked at many times a second, and told only when a limit is passed.
      return;
  }
}

function shortType(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}
