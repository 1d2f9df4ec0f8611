/** `envoy.config.core.v3.DataSource`: where bytes or text come from. Files are read by whoever loads the bootstrap. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export type DataSource =
  | { readonly kind: 'inline'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly variable: string };

export function readDataSource(json: unknown, scope: Scope): DataSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['filename', 'inline_bytes', 'inline_string', 'environment_variable'], true);
  let source: DataSource | undefined;
  if (kind === 'inline_string') source = { kind: 'inline', text: reader.string(kind, '') };
  if (kind === 'inline_bytes') source = { kind: 'inline', text: decodeBase64(reader.string(kind, ''), scope.at(kind)) };
  if (kind === 'filename') source = { kind: 'file', path: reader.requiredString(kind) };
  if (kind === 'environment_variable') source = { kind: 'environment', variable: reader.requiredString(kind) };
  reader.ignore(['watched_directory']);
  reader.done();
  return source;
}

function decodeBase64(encoded: string, scope: Scope): string {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(encoded)) scope.error('must be base64');
  return Buffer.from(encoded, 'base64').toString('utf8');
}
