/**
 * `sluice.routes.passthrough.v1.Passthrough`, ours: a route for a host that is no service of the mesh, such as a front end's
 * development server or an old back end. It stands where Envoy has its extensions of a route's target:
 * `route: {inline_cluster_specifier_plugin: {extension: {name, typed_config: …}}}`.
 */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';

export const passthroughTypeName = 'sluice.routes.passthrough.v1.Passthrough';

export interface Passthrough {
  /** `http://host:port` or `https://host:port`. */
  readonly target: string;
  /** Asks with the target's host instead of the client's. Default false. */
  readonly changeOrigin: boolean;
  /** Checks the certificate of an https target. Default true. */
  readonly verifiesCertificate: boolean;
}

export function readPassthroughPlugin(json: unknown, scope: Scope): Passthrough | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const passthrough = reader.required('extension', readExtension);
  reader.ignore(['is_optional']);
  reader.done();
  return passthrough;
}

function readExtension(json: unknown, scope: Scope): Passthrough | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.requiredString('name');
  const passthrough = reader.required('typed_config', readTyped);
  reader.done();
  return passthrough;
}

function readTyped(json: unknown, scope: Scope): Passthrough | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  if (typed.typeName === passthroughTypeName) return readPassthrough(typed.json, typed.scope);
  scope.at('@type').error(`is ${typed.typeName}, must be ${passthroughTypeName}`);
  return undefined;
}

function readPassthrough(json: unknown, scope: Scope): Passthrough | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const target = reader.requiredString('target');
  if (target !== '' && !/^https?:\/\/(?:\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::\d{1,5})?\/?$/.test(target)) {
    scope.at('target').error(`is ${JSON.stringify(target)}, must be http:// or https:// and a host, with or without a port`);
  }
  const passthrough: Passthrough = {
    target,
    changeOrigin: reader.boolean('change_origin', false),
    verifiesCertificate: reader.boolean('verify_certificate', true),
  };
  reader.done();
  return passthrough;
}
