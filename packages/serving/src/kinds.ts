/**
 * Where the kinds of serving live in the API. The shape is that of a client's resource descriptor, so these
 * can be given to one as they are.
 */
import type { Certificate } from './api/certificate.ts';
import type { Configuration } from './api/configuration.ts';
import type { ClusterDomainClaim, DomainMapping } from './api/domain-mapping.ts';
import type { Ingress } from './api/ingress.ts';
import type { ServingObject } from './api/object.ts';
import type { PodAutoscaler } from './api/pod-autoscaler.ts';
import type { Revision } from './api/revision.ts';
import type { Route } from './api/route.ts';
import type { ServerlessService } from './api/serverless-service.ts';
import type { Service } from './api/service.ts';

export interface ServingKind<T extends ServingObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set: ties the descriptor to the type of its objects. */
  readonly objectType?: T;
}

const serving = { group: 'serving.knative.dev', version: 'v1', namespaced: true } as const;

export const serviceKind: ServingKind<Service> = { ...serving, kind: 'Service', plural: 'services' };
export const configurationKind: ServingKind<Configuration> = {
  ...serving,
  kind: 'Configuration',
  plural: 'configurations',
};
export const revisionKind: ServingKind<Revision> = { ...serving, kind: 'Revision', plural: 'revisions' };
export const routeKind: ServingKind<Route> = { ...serving, kind: 'Route', plural: 'routes' };

export const podAutoscalerKind: ServingKind<PodAutoscaler> = {
  group: 'autoscaling.internal.knative.dev',
  version: 'v1alpha1',
  kind: 'PodAutoscaler',
  plural: 'podautoscalers',
  namespaced: true,
};

export const serverlessServiceKind: ServingKind<ServerlessService> = {
  group: 'networking.internal.knative.dev',
  version: 'v1alpha1',
  kind: 'ServerlessService',
  plural: 'serverlessservices',
  namespaced: true,
};

export const ingressKind: ServingKind<Ingress> = {
  group: 'networking.internal.knative.dev',
  version: 'v1alpha1',
  kind: 'Ingress',
  plural: 'ingresses',
  namespaced: true,
};

export const domainMappingKind: ServingKind<DomainMapping> = {
  group: 'serving.knative.dev',
  version: 'v1beta1',
  kind: 'DomainMapping',
  plural: 'domainmappings',
  namespaced: true,
};

export const clusterDomainClaimKind: ServingKind<ClusterDomainClaim> = {
  group: 'networking.internal.knative.dev',
  version: 'v1alpha1',
  kind: 'ClusterDomainClaim',
  plural: 'clusterdomainclaims',
  namespaced: false,
};

export const certificateKind: ServingKind<Certificate> = {
  group: 'networking.internal.knative.dev',
  version: 'v1alpha1',
  kind: 'Certificate',
  plural: 'certificates',
  namespaced: true,
};
