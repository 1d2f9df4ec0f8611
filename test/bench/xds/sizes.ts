/** The objects of a cluster of a given size, as controllers, the autoscaler and Kubernetes would have written them. */
import { activatorSlice, domainConfigMap, podAutoscalerObject, podSlice, revisionObject, routeObject, serverlessServiceObject } from '@sluice/config-server/testing';
import type { KubernetesObject } from '@sluice/kubernetes';

/** Of each Service. */
export const revisionsPerService = 2;
export const endpointsPerRevision = 5;

export function* clusterObjects(services: number): Generator<KubernetesObject> {
  yield domainConfigMap('example.com');
  yield activatorSlice(['10.255.0.1', '10.255.0.2']);
  for (let service = 0; service < services; service += 1) {
    yield routeObject(serviceName(service), { [revisionName(service, 0)]: 90, [revisionName(service, 1)]: 10 });
    for (let revision = 0; revision < revisionsPerService; revision += 1) {
      const name = revisionName(service, revision);
      yield revisionObject(name, 10);
      yield podAutoscalerObject(name);
      yield serverlessServiceObject(name, 'Serve');
      yield podsOf(service, revision, 0);
    }
  }
}

/** The pods of a revision after some of its first pod's lives: each life has an address of its own. */
export function podsOf(service: number, revision: number, life: number): KubernetesObject {
  const addresses = Array.from({ length: endpointsPerRevision }, (_unused, index) => addressOf(service, revision, index, index === 0 ? life : 0));
  return podSlice(revisionName(service, revision), addresses);
}

function addressOf(service: number, revision: number, pod: number, life: number): string {
  const round = life === 0 ? 0 : 1 + ((life - 1) % 9);
  return `10.${(service >> 8) & 127}.${service & 255}.${1 + revision * 10 + pod + round * 20}`;
}

function serviceName(service: number): string {
  return `service-${service}`;
}

export function revisionName(service: number, revision: number): string {
  return `${serviceName(service)}-0000${revision + 1}`;
}
