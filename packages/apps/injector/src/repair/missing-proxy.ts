/** Whether a pod that is there lacks the proxy that it, or its namespace, asks for. Pure. */
import { formatProblem } from '@sluice/kernel';
import { inject } from '../injection/inject.ts';
import { namespaceLabel, podLabel, recordAnnotation } from '../injection/names.ts';
import type { InjectablePod, Labels } from '../injection/pod.ts';
import type { InjectionSettings } from '../injection/pod-settings.ts';

export interface Finding {
  /** For events. */
  readonly reason: 'ProxyMissing' | 'ProxyRefused' | 'ProxySkipped';
  /** What is so with the pod; the same for all that are alike. */
  readonly message: string;
}

/** Undefined: all is as it should be, or nobody asked for anything. @param labels of its namespace; undefined where that is not known */
export function findingOf(pod: InjectablePod, namespace: string, labels: Labels | undefined, settings: InjectionSettings): Finding | undefined {
  if (pod.metadata?.annotations?.[recordAnnotation] !== undefined || !isAskedFor(pod, labels ?? {})) return undefined;
  const injection = inject(pod, namespace, settings);
  switch (injection.kind) {
    case 'injected':
      return { reason: 'ProxyMissing', message: 'has no proxy: it was made while the injector could not be asked, or before anybody asked for one. Make it anew' };
    case 'refused':
      return { reason: 'ProxyRefused', message: `has no proxy, and will not be made again with these annotations: ${injection.problems.map(formatProblem).join('; ')}` };
    case 'skipped':
      // Of the others it is clear to whoever wrote the pod, or it has a proxy.
      return injection.reason === 'host-network' ? { reason: 'ProxySkipped', message: 'gets no proxy: it is on the network of its machine' } : undefined;
  }
}

/** As the webhooks' selectors have it. */
function isAskedFor({ metadata = {} }: InjectablePod, labels: Labels): boolean {
  const own = metadata.labels?.[podLabel];
  if (own === 'false') return false;
  const ofNamespace = labels[namespaceLabel];
  return ofNamespace === 'enabled' || (ofNamespace === undefined && own === 'true');
}
