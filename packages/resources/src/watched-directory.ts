/** `envoy.config.core.v3.WatchedDirectory`: what is looked at instead of a file that is exchanged by moving a directory. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export function readWatchedDirectory(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const path = reader.requiredString('path');
  reader.done();
  return path === '' ? undefined : path;
}
