/** A Service: a Configuration and a Route in one object. */
import type { ConfigurationSpec, ConfigurationStatus } from './configuration.ts';
import type { ServingObject } from './object.ts';
import type { RouteSpec, RouteStatus } from './route.ts';

export interface Service extends ServingObject {
  readonly spec: ServiceSpec;
  readonly status?: ServiceStatus;
}

export interface ServiceSpec extends ConfigurationSpec, RouteSpec {}

/** Conditions: `ConfigurationsReady` and `RoutesReady` make up `Ready`. */
export interface ServiceStatus extends ConfigurationStatus, RouteStatus {}
