/** The hash policies of a route, compiled: one number that says where a request belongs, or none. */
import { combineHashes, formatHash, xxHash64, type Hash64 } from '@sluice/balancing';
import { formatAddress } from '@sluice/kernel';
import type { HashCookie, HashPolicy, HashSource } from '@sluice/resources';
import type { ForwardAction, HashInput } from '../route-match.ts';
import type { PatternCompiler } from './compile-session.ts';
import { cookieValue } from './cookie-value.ts';
import { firstQueryValue, headerValue } from './head-test.ts';

/** The hash of one policy; undefined when the request does not have what it asks for. */
type HashOne = (stream: HashInput) => Hash64 | undefined;

/** @param path of the route action, for problems */
export function compileHash(policies: readonly HashPolicy[], path: string, session: PatternCompiler): ForwardAction['hash'] {
  if (policies.length === 0) return undefined;
  const steps = policies.map(({ source, terminal }, index) => ({
    terminal,
    hashOne: compileSource(source, `${path}.hash_policy[${index}]`, session),
  }));
  return (stream) => {
    let hash: Hash64 | undefined;
    for (const { hashOne, terminal } of steps) {
      const next = hashOne(stream);
      if (next !== undefined) hash = hash === undefined ? next : combineHashes(hash, next);
      if (terminal && hash !== undefined) break;
    }
    return hash;
  };
}

function compileSource(source: HashSource, path: string, session: PatternCompiler): HashOne {
  switch (source.kind) {
    case 'header':
      return compileHeader(source, path, session);
    case 'cookie':
      return compileCookie(source);
    case 'source_ip':
      return ({ clientHost }) => xxHash64(clientHost);
    case 'filter_state': {
      const { key } = source;
      return ({ info }) => hashOf(info.filterState?.get(key));
    }
    case 'query_parameter': {
      const { parameter } = source;
      return ({ request }) => hashOf(firstQueryValue(request.path, parameter));
    }
  }
}

function compileHeader({ header, rewrite }: HashSource & { kind: 'header' }, path: string, session: PatternCompiler): HashOne {
  if (rewrite === undefined) return ({ request }) => hashOf(headerValue(request, header));
  const regex = session.regex(rewrite.regex, `${path}.header.regex_rewrite.pattern.regex`);
  return ({ request }) => {
    const value = headerValue(request, header);
    return hashOf(value === undefined ? undefined : regex.replace(value, rewrite.substitution));
  };
}

/** A client without the cookie gets one, where it has a time to live, and is placed by it from the start. */
function compileCookie(cookie: HashCookie): HashOne {
  const suffix = cookieSuffix(cookie);
  return ({ request, info }) => {
    const value = cookieValue(request, cookie.name);
    if (value !== undefined && value !== '') return xxHash64(value);
    if (cookie.ttlMs === undefined) return undefined;
    // The same for all requests of a connection, so that those that race for their cookie get one and the same.
    const made = formatHash(xxHash64(formatAddress(info.downstreamRemote) + formatAddress(info.downstreamLocal)));
    const line = `${cookie.name}="${made}"${suffix}`;
    if (!info.setCookies.includes(line)) info.setCookies = [...info.setCookies, line];
    return xxHash64(made);
  };
}

function cookieSuffix({ ttlMs = 0, path, attributes }: HashCookie): string {
  const maxAge = ttlMs > 0 ? `; Max-Age=${Math.floor(ttlMs / 1000)}` : '';
  const where = path === '' ? '' : `; Path=${path}`;
  const others = attributes.map(({ name, value }) => (value === '' ? `; ${name}` : `; ${name}=${value}`)).join('');
  return `${maxAge}${where}${others}; HttpOnly`;
}

function hashOf(value: string | undefined): Hash64 | undefined {
  return value === undefined ? undefined : xxHash64(value);
}
