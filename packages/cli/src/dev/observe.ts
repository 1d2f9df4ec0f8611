/** Watches what `Happenings` turns into lines: services, revisions, the system's pods and their logs. */
import { silentLogger, systemClock, systemRandom, systemTimers } from '@sluice/kernel';
import { Informer, pods, type KubernetesObject, type ResourceKind } from '@sluice/kubernetes';
import { revisionKind, serviceKind, type Revision, type Service } from '@sluice/serving';
import { ComponentLogs } from './component-logs.ts';
import { systemNamespace } from './components.ts';
import type { Floor } from './floor.ts';
import type { Happenings } from './happenings.ts';

export interface Observation {
  stop(): Promise<void>;
}

export async function observe({ floor, happenings }: { readonly floor: Floor; readonly happenings: Happenings }): Promise<Observation> {
  const surroundings = { client: floor.client, clock: systemClock, timers: systemTimers, random: systemRandom, logger: silentLogger };
  const services = new Informer<Service & KubernetesObject>({ ...surroundings, kind: serviceKind as ResourceKind<Service & KubernetesObject> });
  const revisions = new Informer<Revision & KubernetesObject>({ ...surroundings, kind: revisionKind as ResourceKind<Revision & KubernetesObject> });
  const systemPods = new Informer({ ...surroundings, kind: pods, namespace: systemNamespace });
  const revisionPods = new Informer({ ...surroundings, kind: pods, labelSelector: 'serving.knative.dev/revision' });
  const logs = new ComponentLogs({
    client: floor.client,
    pods: systemPods,
    logger: silentLogger,
    onEvent: (event) => happenings.component(event),
  });
  services.subscribe((change) => happenings.service(change));
  revisions.subscribe((change) => happenings.revision(change));
  systemPods.subscribe((change) => happenings.systemPod(change));
  revisionPods.subscribe((change) => happenings.revisionPod(change));
  const informers = [services, revisions, systemPods, revisionPods];
  for (const informer of informers) informer.start();
  logs.start();
  await Promise.all(informers.map((informer) => informer.whenSynced()));
  return {
    async stop() {
      logs.stop();
      await Promise.all(informers.map((informer) => informer.stop()));
    },
  };
}
