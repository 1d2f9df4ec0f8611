/** Configurations that have no field we know: filters that are told everything by routes. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, type DecodeOptions, type Scope } from '@sluice/resources';

export interface EmptyConfig {
  readonly isEmpty: true;
}

/** Reports every field that is there. */
export function decodeEmptyConfig(value: unknown, path: string, options?: DecodeOptions): Checked<EmptyConfig> {
  return decodeDocument(value, path, options, readEmptyConfig);
}

function readEmptyConfig(json: unknown, scope: Scope): EmptyConfig | undefined {
  const reader = MessageReader.open(json, scope);
  reader?.done();
  return reader && { isEmpty: true };
}
