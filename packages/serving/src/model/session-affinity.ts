/**
 * Ours, not Knative's: requests of one session stay together, by `networking.sluice.dev/session-affinity` on a Service, a Route or an
 * Ingress. A session keeps to its revision, as far as shares allow, and within it to a pod; new sessions are dealt by the shares.
 *
 *     cookie                   a cookie of the gateway's own, for the browser's session
 *     cookie=NAME; ttl=1h      a cookie of this name, which the gateway sets where a client has none; without a ttl it is the browser's session
 *     header=NAME              whatever clients send in this header
 *     query=NAME               this parameter of the query
 *     client-address           the address the client comes from
 */
import { parseDuration, problem, type Problem } from '@sluice/kernel';

export const sessionAffinityAnnotation = 'networking.sluice.dev/session-affinity';

/** By what requests are told to be of one session. */
export type SessionAffinity =
  /** `ttlSeconds` 0: as long as the browser's session. */
  | { readonly kind: 'cookie'; readonly name: string; readonly ttlSeconds: number }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string }
  | { readonly kind: 'client-address' };

const defaultCookie = 'sluice-session';

/** A name of a cookie or of a header. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export interface ReadAffinity {
  /** Undefined: none is asked for, or not in a way that can be read. */
  readonly affinity: SessionAffinity | undefined;
  readonly problem: Problem | undefined;
}

export function readSessionAffinity(annotations: Readonly<Record<string, string>> | undefined): ReadAffinity {
  const text = annotations?.[sessionAffinityAnnotation];
  if (text === undefined || text === '') return { affinity: undefined, problem: undefined };
  const affinity = parse(text);
  if (affinity) return { affinity, problem: undefined };
  const path = `metadata.annotations.${sessionAffinityAnnotation}`;
  return { affinity: undefined, problem: problem(path, `invalid value: ${text}, want cookie, cookie=NAME; ttl=DURATION, header=NAME, query=NAME or client-address`) };
}

function parse(text: string): SessionAffinity | undefined {
  const [first = '', ...parameters] = text.split(';').map((part) => part.trim());
  const [kind = '', name, ...rest] = first.split('=').map((part) => part.trim());
  if (rest.length > 0 || (name !== undefined && !token.test(name))) return undefined;
  if (kind === 'cookie') {
    const ttlSeconds = readTtl(parameters);
    return ttlSeconds === undefined ? undefined : { kind, name: name ?? defaultCookie, ttlSeconds };
  }
  if (parameters.length > 0) return undefined;
  if (kind === 'client-address') return name === undefined ? { kind } : undefined;
  if (name === undefined) return undefined;
  if (kind === 'header') return { kind, name: name.toLowerCase() };
  return kind === 'query' ? { kind, name } : undefined;
}

function readTtl(parameters: readonly string[]): number | undefined {
  const [parameter, ...rest] = parameters;
  if (parameter === undefined) return 0;
  const found = rest.length === 0 ? /^ttl\s*=\s*(\S+)$/.exec(parameter)?.[1] : undefined;
  const durationMs = found === undefined ? undefined : parseDuration(found);
  return durationMs !== undefined && durationMs >= 1000 && durationMs % 1000 === 0 ? durationMs / 1000 : undefined;
}
