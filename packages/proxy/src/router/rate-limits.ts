/** What requests of a route are counted by: rate limits, compiled to functions that make descriptors. */
import type { MetadataKey, RateLimit, RateLimitAction } from '@sluice/resources';
import { parseIp } from '../ip-address.ts';
import { formatIp, maskIp } from '../masked-ip.ts';
import type { RateLimitEntry, RateLimitInput, RateLimitRule } from '../rate-limit-rule.ts';
import { valueAt } from '../struct-path.ts';
import type { PatternCompiler } from './compile-session.ts';
import { compileHeaderMatcher, compileQueryParameterMatcher, firstQueryValue, headerValue } from './head-test.ts';

/** `skip`: no entry, and that does not matter. Undefined: no entry, and so no descriptor. */
type ReadEntry = (input: RateLimitInput) => RateLimitEntry | 'skip' | undefined;

/** `path` is that of the list. */
export function compileRateLimits(limits: readonly RateLimit[], path: string, patterns: PatternCompiler): readonly RateLimitRule[] {
  return limits.map((limit, index) => compileRateLimit(limit, `${path}[${index}]`, patterns));
}

function compileRateLimit({ stage, actions, limitOverride, hitsAddend }: RateLimit, path: string, patterns: PatternCompiler): RateLimitRule {
  const readers = actions.map((action, index) => compileAction(action, `${path}.actions[${index}].${action.kind}`, patterns));
  return {
    stage,
    descriptorOf(input) {
      const entries: RateLimitEntry[] = [];
      for (const read of readers) {
        const entry = read(input);
        if (entry === undefined) return undefined;
        if (entry !== 'skip') entries.push(entry);
      }
      if (entries.length === 0) return undefined;
      return { entries, limit: limitOverride && limitAt(input, limitOverride), hitsAddend };
    },
  };
}

function compileAction(action: RateLimitAction, path: string, patterns: PatternCompiler): ReadEntry {
  switch (action.kind) {
    case 'source_cluster':
      return ({ nodeCluster }) => ({ key: action.kind, value: nodeCluster });
    case 'destination_cluster':
      return ({ clusterName }) => (clusterName === '' ? undefined : { key: action.kind, value: clusterName });
    case 'remote_address':
      return ({ clientHost }) => (clientHost === '' ? undefined : { key: action.kind, value: clientHost });
    case 'masked_remote_address':
      return ({ clientHost }) => {
        const bytes = parseIp(clientHost);
        if (!bytes) return undefined;
        const bits = bytes.length === 4 ? action.v4PrefixBits : action.v6PrefixBits;
        return { key: action.kind, value: `${formatIp(maskIp(bytes, bits))}/${bits}` };
      };
    case 'request_headers':
      return ({ request }) => entryOf(action, headerValue(request, action.name));
    case 'query_parameters':
      return ({ request }) => entryOf(action, firstQueryValue(request.path, action.name));
    case 'generic_key': {
      const entry = { key: action.key, value: action.value };
      return () => entry;
    }
    case 'header_value_match': {
      const tests = action.headers.map((matcher, index) => compileHeaderMatcher(matcher, `${path}.headers[${index}]`, patterns));
      const entry = { key: action.key, value: action.value };
      return ({ request }) => (tests.every((test) => test(request)) === action.expectMatch ? entry : undefined);
    }
    case 'query_parameter_value_match': {
      const tests = action.parameters.map((matcher, index) => compileQueryParameterMatcher(matcher, `${path}.query_parameters[${index}]`, patterns));
      const entry = { key: action.key, value: action.value };
      return ({ request }) => (tests.every((test) => test(request)) === action.expectMatch ? entry : undefined);
    }
    case 'metadata':
      return ({ info, routeMetadata }) => {
        const metadata = action.source === 'dynamic' ? info.dynamicMetadata : routeMetadata;
        const found = valueAt(metadata?.get(action.metadataKey.key), action.metadataKey.path);
        const value = typeof found === 'string' && found !== '' ? found : action.defaultValue;
        return entryOf(action, value === '' ? undefined : value);
      };
  }
}

function entryOf({ key, skipIfAbsent }: { readonly key: string; readonly skipIfAbsent: boolean }, value: string | undefined): RateLimitEntry | 'skip' | undefined {
  if (value !== undefined && value !== '') return { key, value };
  return skipIfAbsent ? 'skip' : undefined;
}

const units = ['UNKNOWN', 'SECOND', 'MINUTE', 'HOUR', 'DAY', 'MONTH', 'YEAR'];

/** Anything that is no limit is none. */
function limitAt({ info }: RateLimitInput, { key, path }: MetadataKey): { readonly requestsPerUnit: number; readonly unit: number } | undefined {
  const found = valueAt(info.dynamicMetadata?.get(key), path);
  if (typeof found !== 'object' || found === null) return undefined;
  const { requests_per_unit: requests, unit } = found as Readonly<Record<string, unknown>>;
  const index = typeof unit === 'string' ? units.indexOf(unit) : -1;
  return typeof requests === 'number' && requests >= 0 && index > 0 ? { requestsPerUnit: requests, unit: index } : undefined;
}
