/** `envoy.config.core.v3.Node`: who a proxy says it is. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readLocality, type Locality } from './locality.ts';
import { readStruct, type Struct } from './metadata.ts';

export interface Node {
  readonly id: string;
  /** The group that shares one configuration. */
  readonly cluster: string;
  readonly metadata: Struct;
  readonly locality: Locality | undefined;
}

export function readNode(json: unknown, scope: Scope): Node | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const node: Node = {
    id: reader.string('id', ''),
    cluster: reader.string('cluster', ''),
    metadata: reader.read('metadata', readStruct) ?? {},
    locality: reader.read('locality', readLocality),
  };
  reader.ignore([
    'dynamic_parameters',
    'user_agent_name',
    'user_agent_version',
    'user_agent_build_version',
    'extensions',
    'client_features',
    'listening_addresses',
  ]);
  reader.done();
  return node;
}
