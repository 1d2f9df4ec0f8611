/** `envoy.config.core.v3.Metadata` and `google.protobuf.Struct`: free-form facts attached to a resource. */
import { MessageReader, isObject } from './decode/message-reader.ts';
import { describe } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';

/** Any JSON object. */
export type Struct = Readonly<Record<string, unknown>>;

/** Facts by the name of whoever they are for, such as `sluice.revision` or `envoy.lb`. */
export type Metadata = Readonly<Record<string, Struct>>;

/** Where there is none. */
export const noMetadata: Metadata = Object.freeze({});

export function readStruct(json: unknown, scope: Scope): Struct | undefined {
  if (isObject(json)) return json;
  scope.error(`is ${describe(json)}, must be an object`);
  return undefined;
}

export function readMetadata(json: unknown, scope: Scope): Metadata | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const filters = Object.fromEntries(reader.map('filter_metadata', readStruct));
  reader.ignore(['typed_filter_metadata']);
  reader.done();
  return filters;
}
