/** `envoy.extensions.filters.http.cors.v3.CorsPolicy`: which other origins a route lets in, and to what. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, readRuntimeFraction, readStringMatcher, type DecodeOptions, type Scope, type StringMatcher } from '@sluice/resources';
import { compileStringMatcher } from '../../router/string-test.ts';
import type { FilterContext } from '../filter.ts';

export const corsPolicyTypeUrl = 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy';

interface CorsPolicySettings {
  /** Values of `access-control-allow-methods` and so on, as they are sent; empty for none. */
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  /** Seconds, as text. */
  readonly maxAge: string;
  readonly allowCredentials: boolean;
  readonly allowPrivateNetwork: boolean;
  /** Share of requests for which the policy acts. Default 1. */
  readonly enabledRatio: number;
  /** Share of the others for which it only counts. Default 0. */
  readonly shadowRatio: number;
  /** Whether the upstream gets to see preflights of origins that are not allowed. Default true, as Envoy. */
  readonly forwardsForeignPreflights: boolean;
}

export interface CorsPolicyConfig extends CorsPolicySettings {
  readonly allowOrigins: readonly StringMatcher[];
}

/** A policy that can be asked. */
export interface CorsPolicy extends CorsPolicySettings {
  allowsOrigin(origin: string): boolean;
}

export function decodeCorsPolicy(value: unknown, path: string, options?: DecodeOptions): Checked<CorsPolicyConfig> {
  return decodeDocument(value, path, options, readCorsPolicy);
}

export function compileCorsPolicy({ allowOrigins, ...settings }: CorsPolicyConfig, { patterns }: FilterContext): CorsPolicy {
  const tests = allowOrigins.map((matcher, index) => compileStringMatcher(matcher, `allow_origin_string_match[${index}]`, patterns));
  // A matcher that takes a star takes everybody, whatever it would say to the origin itself.
  const allowsAll = tests.some((test) => test('*'));
  return { ...settings, allowsOrigin: (origin) => allowsAll || tests.some((test) => test(origin)) };
}

function readCorsPolicy(json: unknown, scope: Scope): CorsPolicyConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const policy: CorsPolicyConfig = {
    allowOrigins: reader.list('allow_origin_string_match', readStringMatcher),
    allowMethods: reader.string('allow_methods', ''),
    allowHeaders: reader.string('allow_headers', ''),
    exposeHeaders: reader.string('expose_headers', ''),
    maxAge: reader.string('max_age', ''),
    allowCredentials: reader.boolean('allow_credentials', false),
    allowPrivateNetwork: reader.boolean('allow_private_network_access', false),
    enabledRatio: reader.read('filter_enabled', readRuntimeFraction) ?? 1,
    shadowRatio: reader.read('shadow_enabled', readRuntimeFraction) ?? 0,
    forwardsForeignPreflights: reader.boolean('forward_not_matching_preflights', true),
  };
  reader.done();
  return policy;
}
