/** A ServerlessService: whether a Revision's traffic goes to its pods or through the activators. */
import type { CommonStatus, ServingObject } from './object.ts';
import type { Protocol } from './pod-autoscaler.ts';

export interface ServerlessService extends ServingObject {
  readonly spec: ServerlessServiceSpec;
  readonly status?: ServerlessServiceStatus;
}

/** `Serve`: straight to the pods. `Proxy`: through the activators. */
export type ServingMode = 'Serve' | 'Proxy';

export interface ServerlessServiceSpec {
  readonly mode: ServingMode;
  /** What the pods belong to: a Deployment of the same namespace. */
  readonly objectRef: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  readonly protocolType: Protocol;
  /** How many activators share the traffic in mode Proxy. 0 or more than there are: all. */
  readonly numActivators?: number;
}

/** Conditions: `EndpointsPopulated` makes up `Ready`; `ActivatorEndpointsPopulated` gates nothing. */
export interface ServerlessServiceStatus extends CommonStatus {
  readonly serviceName?: string;
  readonly privateServiceName?: string;
}
