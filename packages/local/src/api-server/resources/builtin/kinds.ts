/** The catalog of built-in kinds, in the order in which discovery lists them. */
import type { BuiltinSchemas } from '../../schema/builtin-schemas.ts';
import type { ResourceKind } from '../resource-kind.ts';
import { CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING } from './access-rules.ts';
import { CUSTOM_RESOURCE_DEFINITION } from './custom-resource-definition.ts';
import { CORE_EVENT, EVENT } from './event.ts';
import { builtinKind } from './kind-template.ts';
import { ENDPOINTS, ENDPOINT_SLICE, SERVICE } from './networking.ts';
import { CONFIG_MAP, LEASE, NAMESPACE, NODE, SECRET, SERVICE_ACCOUNT } from './plain.ts';
import { HORIZONTAL_POD_AUTOSCALER, INGRESS, INGRESS_CLASS, NETWORK_POLICY, POD_DISRUPTION_BUDGET } from './policies.ts';
import { POD } from './pod.ts';
import { MUTATING_WEBHOOK_CONFIGURATION, VALIDATING_WEBHOOK_CONFIGURATION } from './webhook-configuration.ts';
import { DEPLOYMENT, REPLICA_SET } from './workloads.ts';

export function builtinKinds(schemas: BuiltinSchemas): ResourceKind[] {
  return [
    CONFIG_MAP,
    ENDPOINTS,
    CORE_EVENT,
    NAMESPACE,
    NODE,
    POD,
    SECRET,
    SERVICE_ACCOUNT,
    SERVICE,
    MUTATING_WEBHOOK_CONFIGURATION,
    VALIDATING_WEBHOOK_CONFIGURATION,
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    REPLICA_SET,
    LEASE,
    ENDPOINT_SLICE,
    EVENT,
    HORIZONTAL_POD_AUTOSCALER,
    INGRESS_CLASS,
    INGRESS,
    NETWORK_POLICY,
    POD_DISRUPTION_BUDGET,
    CLUSTER_ROLE_BINDING,
    CLUSTER_ROLE,
    ROLE_BINDING,
    ROLE,
  ].map((kind) => builtinKind(schemas, kind));
}
