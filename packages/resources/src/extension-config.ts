/** `envoy.config.core.v3.TypedExtensionConfig` as a resource: the settings of the HTTP filters of its name (ECDS). */
import type { Checked } from '@sluice/kernel';
import { decodeDocument } from './decode/decode-document.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { DecodeOptions, Scope } from './decode/scope.ts';
import { readFilterSettings, type FilterSettings } from './filter-settings.ts';

export interface ExtensionConfig extends FilterSettings {
  readonly name: string;
}

export function decodeExtensionConfig(json: unknown, path = '', options?: DecodeOptions): Checked<ExtensionConfig> {
  return decodeDocument(json, path, options, readExtensionConfig);
}

function readExtensionConfig(json: unknown, scope: Scope): ExtensionConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const settings = reader.required('typed_config', (config, at) => readFilterSettings(config, at, false));
  reader.done();
  return settings && { name, ...settings };
}
