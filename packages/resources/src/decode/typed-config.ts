/**
 * Typed configs: `{"@type": "type.googleapis.com/…", …fields}`, and the same wrapped in a TypedStruct, which is how
 * types without a proto of their own (ours among them) travel.
 */
import { MessageReader, isObject } from './message-reader.ts';
import { describe } from './scalars.ts';
import type { Scope } from './scope.ts';

/** A typed config whose type is known and whose fields are still JSON. */
export interface TypedConfig {
  /** Without `type.googleapis.com/`. */
  readonly typeName: string;
  readonly json: unknown;
  /** Where its fields stand: inside `value` for a TypedStruct. */
  readonly scope: Scope;
}

const typedStructNames = ['xds.type.v3.TypedStruct', 'udpa.type.v1.TypedStruct'];

/** Reads the type and unwraps a TypedStruct. The fields are left to the decoder of that type. */
export function openTypedConfig(json: unknown, scope: Scope): TypedConfig | undefined {
  if (!isObject(json)) {
    scope.error(`is ${describe(json)}, must be an object`);
    return undefined;
  }
  const url = json['@type'];
  if (typeof url !== 'string' || url === '') {
    scope.at('@type').error('is required: the type of this config, as type.googleapis.com/…');
    return undefined;
  }
  const typeName = typeNameOf(url);
  if (!typedStructNames.includes(typeName)) return { typeName, json, scope };

  const reader = MessageReader.open(json, scope);
  const innerUrl = reader?.requiredString('type_url') ?? '';
  const value = reader?.read('value', (inner) => inner) ?? {};
  reader?.done();
  if (innerUrl === '') return undefined;
  return { typeName: typeNameOf(innerUrl), json: value, scope: scope.at('value') };
}

/** The full name of a message type out of its URL: what follows the last slash. */
export function typeNameOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
