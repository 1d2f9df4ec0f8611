/** The messages of `google/protobuf` as descriptors, for those who ask what they look like; the codec handles them by name. */
import type { DescriptorJson, FieldJson } from './descriptor.ts';

const secondsAndNanos: readonly FieldJson[] = [
  { id: 1, name: 'seconds', type: 'int64' },
  { id: 2, name: 'nanos', type: 'int32' },
];

const wrapped = {
  DoubleValue: 'double',
  FloatValue: 'float',
  Int64Value: 'int64',
  UInt64Value: 'uint64',
  Int32Value: 'int32',
  UInt32Value: 'uint32',
  BoolValue: 'bool',
  StringValue: 'string',
  BytesValue: 'bytes',
};

export const wellKnownDescriptors: DescriptorJson = {
  messages: {
    'google.protobuf.Any': [
      { id: 1, name: 'type_url', type: 'string' },
      { id: 2, name: 'value', type: 'bytes' },
    ],
    'google.protobuf.Duration': secondsAndNanos,
    'google.protobuf.Timestamp': secondsAndNanos,
    'google.protobuf.Empty': [],
    'google.protobuf.FieldMask': [{ id: 1, name: 'paths', type: 'string', repeated: true }],
    'google.protobuf.Struct': [{ id: 1, name: 'fields', type: 'google.protobuf.Value', mapKey: 'string' }],
    'google.protobuf.ListValue': [{ id: 1, name: 'values', type: 'google.protobuf.Value', repeated: true }],
    'google.protobuf.Value': [
      { id: 1, name: 'null_value', type: 'google.protobuf.NullValue', oneof: 'kind' },
      { id: 2, name: 'number_value', type: 'double', oneof: 'kind' },
      { id: 3, name: 'string_value', type: 'string', oneof: 'kind' },
      { id: 4, name: 'bool_value', type: 'bool', oneof: 'kind' },
      { id: 5, name: 'struct_value', type: 'google.protobuf.Struct', oneof: 'kind' },
      { id: 6, name: 'list_value', type: 'google.protobuf.ListValue', oneof: 'kind' },
    ],
    ...Object.fromEntries(Object.entries(wrapped).map(([name, type]) => [`google.protobuf.${name}`, [{ id: 1, name: 'value', type }]])),
  },
  enums: { 'google.protobuf.NullValue': { NULL_VALUE: 0 } },
};

/** The files that these are known to come from: clients have copies of them by these names. */
export const wellKnownFiles: Readonly<Record<string, string>> = {
  'google.protobuf.Any': 'google/protobuf/any.proto',
  'google.protobuf.Duration': 'google/protobuf/duration.proto',
  'google.protobuf.Timestamp': 'google/protobuf/timestamp.proto',
  'google.protobuf.Empty': 'google/protobuf/empty.proto',
  'google.protobuf.FieldMask': 'google/protobuf/field_mask.proto',
  ...Object.fromEntries(['Struct', 'ListValue', 'Value', 'NullValue'].map((name) => [`google.protobuf.${name}`, 'google/protobuf/struct.proto'])),
  ...Object.fromEntries(Object.keys(wrapped).map((name) => [`google.protobuf.${name}`, 'google/protobuf/wrappers.proto'])),
};
