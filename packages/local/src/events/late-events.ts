/** Events that are written a moment later: they are for people, and the work they tell about comes first. */
import type { Clock, Logger, Timers } from '@sluice/kernel';
import { EventRecorder, type KubernetesClient, type KubernetesObject } from '@sluice/kubernetes';

/** Where a component says what happened to an object. */
export interface EventSink {
  /** `message` is a sentence in Kubernetes' wording. Never waits and never fails. */
  record(about: KubernetesObject, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export interface LateEventsOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** In ms. Chosen: longer than cold starts of quick programs, which half a dozen writes would hold up, and no longer than it takes to ask for events. */
const delayMs = 500;

/** @param component who speaks: `kubelet`, `deployment-controller` */
export function createLateEvents(component: string, options: LateEventsOptions): EventSink {
  const recorder = new EventRecorder({ ...options, component });
  return {
    record(about, type, reason, message) {
      options.timers.after(delayMs, () => recorder.record(about, type, reason, message));
    },
  };
}
