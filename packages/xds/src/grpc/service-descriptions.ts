/** The services that a config service offers, as reflection tells them. */
import type { DescriptorJson } from '../codec/descriptor.ts';
import type { MethodDescription, ServiceDescription } from '../codec/file-descriptor-wire.ts';

const discovery = 'envoy.service.discovery.v3';

function stream(name: string, request: string, response: string): MethodDescription {
  return { name, request, response, requestStream: true, responseStream: true };
}

function discoveryMethods(noun: string): readonly MethodDescription[] {
  return [
    stream(`Stream${noun}`, `${discovery}.DiscoveryRequest`, `${discovery}.DiscoveryResponse`),
    stream(`Delta${noun}`, `${discovery}.DeltaDiscoveryRequest`, `${discovery}.DeltaDiscoveryResponse`),
  ];
}

const status = 'envoy.service.status.v3.ClientStatus';
const load = 'envoy.service.load_stats.v3.LoadStats';
const health = 'grpc.health.v1.HealthCheck';

/** Both versions of reflection have the same messages. */
export const reflectionPackages = ['grpc.reflection.v1', 'grpc.reflection.v1alpha'] as const;

export const serviceDescriptions: readonly ServiceDescription[] = [
  { name: `${discovery}.AggregatedDiscoveryService`, methods: discoveryMethods('AggregatedResources') },
  { name: 'envoy.service.listener.v3.ListenerDiscoveryService', methods: discoveryMethods('Listeners') },
  { name: 'envoy.service.route.v3.RouteDiscoveryService', methods: discoveryMethods('Routes') },
  { name: 'envoy.service.route.v3.VirtualHostDiscoveryService', methods: discoveryMethods('VirtualHosts').slice(1) },
  { name: 'envoy.service.cluster.v3.ClusterDiscoveryService', methods: discoveryMethods('Clusters') },
  { name: 'envoy.service.endpoint.v3.EndpointDiscoveryService', methods: discoveryMethods('Endpoints') },
  { name: 'envoy.service.secret.v3.SecretDiscoveryService', methods: discoveryMethods('Secrets') },
  { name: 'envoy.service.extension.v3.ExtensionConfigDiscoveryService', methods: discoveryMethods('ExtensionConfigs') },
  {
    name: 'envoy.service.status.v3.ClientStatusDiscoveryService',
    methods: [
      stream('StreamClientStatus', `${status}Request`, `${status}Response`),
      { name: 'FetchClientStatus', request: `${status}Request`, response: `${status}Response`, requestStream: false, responseStream: false },
    ],
  },
  {
    name: 'envoy.service.load_stats.v3.LoadReportingService',
    methods: [stream('StreamLoadStats', `${load}Request`, `${load}Response`)],
  },
  {
    name: 'sluice.load.v1.LoadService',
    methods: [stream('StreamLoad', 'sluice.load.v1.StreamLoadRequest', 'sluice.load.v1.StreamLoadResponse')],
  },
  {
    name: 'grpc.health.v1.Health',
    methods: [
      { name: 'Check', request: `${health}Request`, response: `${health}Response`, requestStream: false, responseStream: false },
      { name: 'Watch', request: `${health}Request`, response: `${health}Response`, requestStream: false, responseStream: true },
    ],
  },
  ...reflectionPackages.map((name) => ({
    name: `${name}.ServerReflection`,
    methods: [stream('ServerReflectionInfo', `${name}.ServerReflectionRequest`, `${name}.ServerReflectionResponse`)],
  })),
];

/** The messages of health and reflection, which the generated descriptors do not have. */
export const serviceMessages: DescriptorJson = {
  messages: {
    [`${health}Request`]: [{ id: 1, name: 'service', type: 'string' }],
    [`${health}Response`]: [{ id: 1, name: 'status', type: `${health}Response.ServingStatus` }],
    ...Object.fromEntries(reflectionPackages.flatMap((name) => Object.entries(reflectionMessages(name)))),
  },
  enums: { [`${health}Response.ServingStatus`]: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } },
};

function reflectionMessages(name: string): DescriptorJson['messages'] {
  const request = `${name}.ServerReflectionRequest`;
  const oneof = 'message_request';
  return {
    [request]: [
      { id: 1, name: 'host', type: 'string' },
      { id: 3, name: 'file_by_filename', type: 'string', oneof },
      { id: 4, name: 'file_containing_symbol', type: 'string', oneof },
      { id: 5, name: 'file_containing_extension', type: `${name}.ExtensionRequest`, oneof },
      { id: 6, name: 'all_extension_numbers_of_type', type: 'string', oneof },
      { id: 7, name: 'list_services', type: 'string', oneof },
    ],
    [`${name}.ServerReflectionResponse`]: [
      { id: 1, name: 'valid_host', type: 'string' },
      { id: 2, name: 'original_request', type: request },
      { id: 4, name: 'file_descriptor_response', type: `${name}.FileDescriptorResponse`, oneof: 'message_response' },
      { id: 5, name: 'all_extension_numbers_response', type: `${name}.ExtensionNumberResponse`, oneof: 'message_response' },
      { id: 6, name: 'list_services_response', type: `${name}.ListServiceResponse`, oneof: 'message_response' },
      { id: 7, name: 'error_response', type: `${name}.ErrorResponse`, oneof: 'message_response' },
    ],
    [`${name}.ExtensionRequest`]: [
      { id: 1, name: 'containing_type', type: 'string' },
      { id: 2, name: 'extension_number', type: 'int32' },
    ],
    [`${name}.FileDescriptorResponse`]: [{ id: 1, name: 'file_descriptor_proto', type: 'bytes', repeated: true }],
    [`${name}.ExtensionNumberResponse`]: [
      { id: 1, name: 'base_type_name', type: 'string' },
      { id: 2, name: 'extension_number', type: 'int32', repeated: true },
    ],
    [`${name}.ListServiceResponse`]: [{ id: 1, name: 'service', type: `${name}.ServiceResponse`, repeated: true }],
    [`${name}.ServiceResponse`]: [{ id: 1, name: 'name', type: 'string' }],
    [`${name}.ErrorResponse`]: [
      { id: 1, name: 'error_code', type: 'int32' },
      { id: 2, name: 'error_message', type: 'string' },
    ],
  };
}
