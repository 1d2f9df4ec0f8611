/** Injection as an answer to an API server. */
import { formatProblem, type Meter } from '@sluice/kernel';
import type { Reviewer } from '../reviews/admission-review.ts';
import { inject } from './inject.ts';
import type { InjectablePod } from './pod.ts';
import type { InjectionSettings } from './pod-settings.ts';

export function injectionReviewer(settings: InjectionSettings, meter: Meter): Reviewer {
  const count = (result: string): void => meter.counter('sluice_injection_pods_total', 'Pods seen by injection, by what became of them.', { result }).add(1);
  return ({ kind, operation, namespace = '', object, subResource }) => {
    if (kind.group !== '' || kind.kind !== 'Pod' || operation !== 'CREATE' || subResource) return { kind: 'allow' };
    const injection = inject((object ?? {}) as InjectablePod, namespace, settings);
    count(injection.kind === 'skipped' ? injection.reason : injection.kind);
    switch (injection.kind) {
      case 'skipped':
        return { kind: 'allow' };
      case 'refused':
        return { kind: 'refuse', message: `injection failed: ${injection.problems.map(formatProblem).join('\n')}` };
      case 'injected':
        return { kind: 'change', object: injection.pod };
    }
  };
}
