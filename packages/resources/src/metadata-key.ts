/** `envoy.type.metadata.v3.MetadataKey`: a namespace, and the way to a value in it. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface MetadataKey {
  /** The namespace. */
  readonly key: string;
  readonly path: readonly string[];
}

export function readMetadataKey(json: unknown, scope: Scope): MetadataKey | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const key = { key: reader.requiredString('key'), path: reader.list('path', readSegment) };
  if (key.path.length === 0 && !scope.hasErrors) scope.at('path').error('is required');
  reader.done();
  return key;
}

function readSegment(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  const key = reader?.requiredString('key');
  reader?.done();
  return key;
}
