/** Service → Route. */
import type { Route, TrafficTarget } from '../api/route.ts';
import type { Service } from '../api/service.ts';
import { defaultTraffic } from '../defaulting/default-traffic.ts';
import { inheritedAnnotations, labels } from '../labels.ts';
import { ownerReference } from './owner-reference.ts';

/** Targets that name no Revision follow the Service's Configuration, which has its name. */
export function makeRoute(service: Service): Route {
  const { name, namespace = '', uid = '' } = service.metadata;
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Route',
    metadata: {
      name,
      namespace,
      labels: { ...service.metadata.labels, [labels.service]: name, [labels.serviceUid]: uid },
      annotations: inheritedAnnotations(service.metadata.annotations),
      ownerReferences: [ownerReference(service)],
    },
    spec: { traffic: defaultTraffic(service.spec.traffic).map((target) => followConfiguration(target, name)) },
  };
}

function followConfiguration(target: TrafficTarget, configurationName: string): TrafficTarget {
  return target.revisionName ? target : { ...target, configurationName };
}
