/** `envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication` and `PerRouteConfig`. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, readRouteMatch, type DecodeOptions, type RouteMatch, type Scope } from '@sluice/resources';
import { readProvider, type JwtProviderConfig } from './jwt-provider-config.ts';
import { readRequirement, type JwtRequirement } from './jwt-requirement.ts';

export interface JwtAuthnConfig {
  readonly providers: readonly JwtProviderConfig[];
  /** The first that matches a request counts; requests that match none pass. */
  readonly rules: readonly JwtRule[];
  /** For routes, which name what they require. */
  readonly requirements: ReadonlyMap<string, JwtRequirement>;
  /** What a filter before this one has said decides, where it is one of the values. Undefined: no filter is asked. */
  readonly stateRules: { readonly name: string; readonly requirements: ReadonlyMap<string, JwtRequirement> } | undefined;
  readonly bypassesPreflights: boolean;
  /** Leaves out why a request was refused. */
  readonly stripsFailure: boolean;
}

export interface JwtRule {
  readonly match: RouteMatch;
  /** Undefined: nothing is required. */
  readonly requirement: JwtRequirement | undefined;
}

/** Undefined: nothing is required. */
export interface JwtPerRoute {
  readonly requirementName: string | undefined;
}

export function decodeJwtAuthn(value: unknown, path: string, options?: DecodeOptions): Checked<JwtAuthnConfig> {
  return decodeDocument(value, path, options, readJwtAuthn);
}

export function decodeJwtPerRoute(value: unknown, path: string, options?: DecodeOptions): Checked<JwtPerRoute> {
  return decodeDocument(value, path, options, (json, scope): JwtPerRoute | undefined => {
    const reader = MessageReader.open(json, scope);
    const kind = reader?.oneof(['disabled', 'requirement_name'], true);
    if (kind === 'disabled') reader?.only(kind, true);
    const requirementName = kind === 'requirement_name' ? reader?.requiredString(kind) : undefined;
    reader?.done();
    return kind && { requirementName };
  });
}

function readJwtAuthn(json: unknown, scope: Scope): JwtAuthnConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const providers = [...reader.map('providers', readProvider).entries()].map(([name, provider]): JwtProviderConfig => ({ name, ...provider }));
  const names = new Set(providers.map(({ name }) => name));
  const requirements = reader.map('requirement_map', (inner, at) => readRequirement(inner, at, names));
  const config: JwtAuthnConfig = {
    providers,
    requirements,
    rules: reader.list('rules', (inner, at) => readRule(inner, at, names, requirements)),
    stateRules: reader.read('filter_state_rules', (inner, at) => {
      const state = MessageReader.open(inner, at);
      const found = state && { name: state.requiredString('name'), requirements: state.map('requires', (requirement, where) => readRequirement(requirement, where, names)) };
      state?.done();
      return found;
    }),
    bypassesPreflights: reader.boolean('bypass_cors_preflight', false),
    stripsFailure: reader.boolean('strip_failure_response', false),
  };
  reader.ignore(['stat_prefix']);
  reader.done();
  return config;
}

function readRule(json: unknown, scope: Scope, providers: ReadonlySet<string>, named: ReadonlyMap<string, JwtRequirement>): JwtRule | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const match = reader.required('match', readRouteMatch);
  const kind = reader.oneof(['requires', 'requirement_name'], false);
  let requirement: JwtRequirement | undefined;
  if (kind === 'requires') requirement = reader.read(kind, (inner, at) => readRequirement(inner, at, providers));
  if (kind === 'requirement_name') {
    const name = reader.requiredString(kind);
    requirement = named.get(name);
    // A rule that requires what nobody has defined must not let requests pass.
    if (!requirement) scope.at(kind).error(`is ${JSON.stringify(name)}, which requirement_map does not have`);
  }
  reader.done();
  return match && { match, requirement };
}
