/** `envoy.config.endpoint.v3.ClusterLoadAssignment`: the endpoints of a cluster. */
import type { Address, Checked } from '@sluice/kernel';
import { readAddress } from './address.ts';
import { decodeDocument } from './decode/decode-document.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { DecodeOptions, Scope } from './decode/scope.ts';
import { readLocality, type Locality } from './locality.ts';
import { readFractionalPercent } from './percent.ts';
import { noMetadata, readMetadata, type Metadata, type Struct } from './metadata.ts';
import { transportSocketMatchKey } from './upstream-transport-socket.ts';

export interface ClusterLoadAssignment {
  /** The cluster's name, or its EDS service name where it has one. */
  readonly clusterName: string;
  readonly localities: readonly LocalityEndpoints[];
  /** Requests that are not made, in parts of all, by category. Absent: none. */
  readonly dropOverloads?: readonly DropOverload[];
  /** Priorities are full by the weights of their healthy hosts instead of by their number. */
  readonly weightedPriorityHealth?: boolean;
  /** A priority is full with this many percent of healthy hosts too few. Default 140, as Envoy. */
  readonly overprovisioningPercent: number;
}

/** A part of requests that the control plane wants turned away. */
export interface DropOverload {
  readonly category: string;
  /** 0 to 1, of those that earlier categories have left. */
  readonly ratio: number;
}

export interface LocalityEndpoints {
  readonly locality: Locality | undefined;
  readonly endpoints: readonly LbEndpoint[];
  /** Only counts where balancing is weighted by locality. */
  readonly weight: number | undefined;
  /** 0 is tried first. */
  readonly priority: number;
}

export interface LbEndpoint {
  readonly address: Address;
  /** Others of the same host. Absent: none. */
  readonly additionalAddresses?: readonly Address[];
  readonly hostname: string;
  readonly healthStatus: HealthStatus;
  /** At least 1. */
  readonly weight: number;
  readonly metadata: Metadata;
  readonly healthCheck: EndpointHealthCheck;
}

/** `HealthCheckConfig` of an endpoint: how active checks reach it, where that is not as requests do. */
export interface EndpointHealthCheck {
  /** 0: the port of the endpoint. */
  readonly port: number;
  /** Value of Host in checks; empty: as the cluster says. */
  readonly hostname: string;
  /** It is not asked, and counts as well. */
  readonly isDisabled: boolean;
  /** Asked in place of the endpoint's. */
  readonly address?: Address | undefined;
}

export const healthStatuses = ['UNKNOWN', 'HEALTHY', 'UNHEALTHY', 'DRAINING', 'TIMEOUT', 'DEGRADED'] as const;

/** UNKNOWN counts as healthy; UNHEALTHY, DRAINING and TIMEOUT take nothing; DEGRADED when there is no better. */
export type HealthStatus = (typeof healthStatuses)[number];

/** Envoy's default for `overprovisioning_factor`. */
const defaultOverprovisioningPercent = 140;

export function decodeClusterLoadAssignment(
  json: unknown,
  path = '',
  options?: DecodeOptions,
): Checked<ClusterLoadAssignment> {
  return decodeDocument(json, path, options, readClusterLoadAssignment);
}

export function readClusterLoadAssignment(json: unknown, scope: Scope): ClusterLoadAssignment | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const assignment: ClusterLoadAssignment = {
    clusterName: reader.requiredString('cluster_name'),
    localities: reader.list('endpoints', readLocalityEndpoints),
    ...(reader.read('policy', readPolicy) ?? { overprovisioningPercent: defaultOverprovisioningPercent }),
  };
  reader.refuse(['named_endpoints']);
  reader.done();
  checkPriorities(assignment, scope);
  return assignment;
}

function readLocalityEndpoints(json: unknown, scope: Scope): LocalityEndpoints | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const shared = reader.read('metadata', readMetadata)?.[transportSocketMatchKey];
  const endpoints: LocalityEndpoints = {
    locality: reader.read('locality', readLocality),
    endpoints: reader.list('lb_endpoints', readLbEndpoint).map((endpoint) => withTransport(endpoint, shared)),
    weight: reader.uint32('load_balancing_weight', undefined, { min: 1 }),
    priority: reader.uint32('priority', 0, { max: 128 }),
  };
  reader.ignore(['proximity']);
  reader.refuse(['load_balancer_endpoints', 'leds_cluster_locality_config']);
  reader.done();
  return endpoints;
}

/** Which transport socket they want, endpoints say themselves; for those that do not, their locality says it. */
function withTransport(endpoint: LbEndpoint, shared: Struct | undefined): LbEndpoint {
  if (!shared || endpoint.metadata[transportSocketMatchKey]) return endpoint;
  return { ...endpoint, metadata: { ...endpoint.metadata, [transportSocketMatchKey]: shared } };
}

function readLbEndpoint(json: unknown, scope: Scope): LbEndpoint | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const endpoint = reader.required('endpoint', readEndpoint);
  const settings = {
    healthStatus: reader.enum('health_status', healthStatuses, 'UNKNOWN'),
    weight: reader.uint32('load_balancing_weight', 1, { min: 1 }),
    metadata: reader.read('metadata', readMetadata) ?? noMetadata,
  };
  reader.refuse(['endpoint_name']);
  reader.done();
  return endpoint && { ...endpoint, ...settings };
}

function readEndpoint(json: unknown, scope: Scope): Pick<LbEndpoint, 'address' | 'additionalAddresses' | 'hostname' | 'healthCheck'> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const address = reader.required('address', readAddress);
  const hostname = reader.string('hostname', '');
  const healthCheck = reader.read('health_check_config', readEndpointHealthCheck) ?? defaultEndpointHealthCheck;
  const additionalAddresses = reader.list('additional_addresses', readAdditionalAddress);
  reader.done();
  return address && { address, hostname, healthCheck, ...(additionalAddresses.length > 0 && { additionalAddresses }) };
}

function readAdditionalAddress(json: unknown, scope: Scope): Address | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const address = reader.required('address', readAddress);
  reader.done();
  return address;
}

const defaultEndpointHealthCheck: EndpointHealthCheck = { port: 0, hostname: '', isDisabled: false };

function readEndpointHealthCheck(json: unknown, scope: Scope): EndpointHealthCheck | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const check: EndpointHealthCheck = {
    port: reader.uint32('port_value', 0, { max: 65_535 }),
    hostname: reader.string('hostname', ''),
    isDisabled: reader.boolean('disable_active_health_check', false),
    address: reader.read('address', readAddress),
  };
  reader.done();
  return check;
}

type Policy = Pick<ClusterLoadAssignment, 'overprovisioningPercent' | 'dropOverloads' | 'weightedPriorityHealth'>;

function readPolicy(json: unknown, scope: Scope): Policy | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const overprovisioningPercent = reader.uint32('overprovisioning_factor', defaultOverprovisioningPercent, { min: 1 });
  const dropOverloads = reader.list('drop_overloads', readDropOverload);
  const weightedPriorityHealth = reader.boolean('weighted_priority_health', false);
  reader.ignore(['endpoint_stale_after']);
  reader.done();
  return {
    overprovisioningPercent,
    ...(dropOverloads.length > 0 && { dropOverloads }),
    ...(weightedPriorityHealth && { weightedPriorityHealth }),
  };
}

function readDropOverload(json: unknown, scope: Scope): DropOverload | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const category = reader.requiredString('category');
  const ratio = reader.read('drop_percentage', readFractionalPercent) ?? 0;
  reader.done();
  return { category, ratio };
}

/** Priorities start at 0 and leave no gap, and one locality may stand twice only under different priorities. */
function checkPriorities(assignment: ClusterLoadAssignment, scope: Scope): void {
  const priorities = new Set(assignment.localities.map((entry) => entry.priority));
  const seen = new Set<string>();
  assignment.localities.forEach((entry, index) => {
    const at = scope.at('endpoints').at(index);
    if (entry.priority > 0 && !priorities.has(entry.priority - 1)) {
      at.at('priority').error(`is ${entry.priority}, but nothing has priority ${entry.priority - 1}`);
    }
    const { region = '', zone = '', subZone = '' } = entry.locality ?? {};
    const key = JSON.stringify([entry.priority, region, zone, subZone]);
    if (seen.has(key)) at.at('locality').error('stands twice with the same priority');
    seen.add(key);
  });
}
