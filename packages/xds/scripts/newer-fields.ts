/**
 * Fields that Envoy has and the protos do not that `@grpc/grpc-js-xds` publishes, since those are of an older day. By message, as in
 * https://github.com/envoyproxy/envoy/blob/main/api/envoy/config/route/v3/route_components.proto. When the published protos have caught up, the
 * generator says so, and the line goes.
 */
import type { FieldJson } from '../src/codec/descriptor.ts';

export const newerFields: Readonly<Record<string, readonly FieldJson[]>> = {
  // Since Envoy 1.36.
  'envoy.config.route.v3.WeightedCluster': [{ id: 5, name: 'use_hash_policy', type: 'google.protobuf.BoolValue', oneof: 'random_value_specifier' }],
};
