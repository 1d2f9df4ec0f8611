/** `envoy.config.core.v3.DataSource`: where bytes or text come from. Files are read by whoever loads the configuration. */
import { Buffer } from 'node:buffer';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readWatchedDirectory } from './watched-directory.ts';

export type DataSource =
  /** `bytes` are what `text` is in UTF-8, except where the bytes are no text at all. */
  | { readonly kind: 'inline'; readonly text: string; readonly bytes: Uint8Array }
  /** `watchedDirectory`: what moves when the file has changed; undefined for the directory it is in. */
  | { readonly kind: 'file'; readonly path: string; readonly watchedDirectory: string | undefined }
  | { readonly kind: 'environment'; readonly variable: string };

export function readDataSource(json: unknown, scope: Scope): DataSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['filename', 'inline_bytes', 'inline_string', 'environment_variable'], true);
  const watchedDirectory = reader.read('watched_directory', readWatchedDirectory);
  let source: DataSource | undefined;
  if (kind === 'inline_string') source = inline(Buffer.from(reader.string(kind, '')));
  if (kind === 'inline_bytes') source = inline(decodeBase64(reader.string(kind, ''), scope.at(kind)));
  if (kind === 'filename') source = { kind: 'file', path: reader.requiredString(kind), watchedDirectory };
  if (kind === 'environment_variable') source = { kind: 'environment', variable: reader.requiredString(kind) };
  reader.done();
  return source;
}

function inline(bytes: Buffer): DataSource {
  return { kind: 'inline', text: bytes.toString('utf8'), bytes };
}

/** Of either alphabet, with or without its padding. */
export function decodeBase64(encoded: string, scope: Scope): Buffer {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(encoded)) scope.error('must be base64');
  return Buffer.from(encoded, 'base64');
}
