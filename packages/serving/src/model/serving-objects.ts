/** The objects of one moment, by kind. */
import type { Ingress } from '../api/ingress.ts';
import type { PodAutoscaler } from '../api/pod-autoscaler.ts';
import type { Revision } from '../api/revision.ts';
import type { Route } from '../api/route.ts';
import type { ServerlessService } from '../api/serverless-service.ts';
import type { SecretView } from './certificates.ts';
import type { EndpointSliceView } from './endpoints.ts';
import type { ServiceView } from './live-backends.ts';

/** What the model is built from, as it stands in the API. */
export interface ServingObjects {
  readonly routes: readonly Route[];
  readonly revisions: readonly Revision[];
  readonly podAutoscalers: readonly PodAutoscaler[];
  readonly serverlessServices: readonly ServerlessService[];
  /** Of all namespaces: those of private Services, of the activators and of what routes name are looked at, others are not. */
  readonly endpointSlices: readonly EndpointSliceView[];
  /** Of all classes: those of ours are looked at. */
  readonly ingresses?: readonly Ingress[];
  /** Those that are not a revision's, and that Ingresses name, are looked at. */
  readonly services?: readonly ServiceView[];
  /** Those that Ingresses name are looked at. */
  readonly secrets?: readonly SecretView[];
}
