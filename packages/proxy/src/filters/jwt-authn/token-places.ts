/** Where requests carry tokens. */
import type { RequestHead } from '@sluice/http';
import { firstQueryValue } from '../../router/head-test.ts';
import type { TokenPlace } from './jwt-provider-config.ts';

/** The token at a place; undefined where there is none. */
export function tokenAt(request: RequestHead, place: TokenPlace): string | undefined {
  switch (place.kind) {
    case 'header':
      return afterPrefix(request.get(place.name), place.prefix);
    case 'parameter':
      return firstQueryValue(request.path, place.name) || undefined;
    case 'cookie':
      return cookieOf(request.get('cookie'), place.name);
  }
}

/** Keeps the upstream from seeing it. Tokens in paths and cookies stay, as in Envoy. */
export function removeToken(request: RequestHead, place: TokenPlace): void {
  if (place.kind === 'header') request.remove(place.name);
}

/** What may stand in a token; a value goes on behind it in some headers, so the token ends where such bytes do. */
const tokenCharacters = /^[\w\-.=+/~]+/;

function afterPrefix(value: string | undefined, prefix: string): string | undefined {
  if (value === undefined) return undefined;
  const start = value.indexOf(prefix);
  return start === -1 ? undefined : tokenCharacters.exec(value.slice(start + prefix.length).trimStart())?.[0];
}

function cookieOf(value: string | undefined, name: string): string | undefined {
  for (const pair of value?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}
