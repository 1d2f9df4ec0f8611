/** `envoy.config.route.v3.RedirectAction`: answer with another place to ask. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readRegexRewrite, type RegexRewrite } from './regex-rewrite.ts';

export interface RedirectAction {
  readonly kind: 'redirect';
  readonly status: 301 | 302 | 303 | 307 | 308;
  /** Undefined keeps the request's. */
  readonly scheme: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly path: RedirectPath | undefined;
  /** Drops the query. */
  readonly stripQuery: boolean;
}

export type RedirectPath =
  /** The whole path. A `?` in it replaces the query too. */
  | { readonly kind: 'path'; readonly value: string }
  /** Puts `value` in place of what the match took. */
  | { readonly kind: 'prefix'; readonly value: string }
  | ({ readonly kind: 'regex' } & RegexRewrite);

const statuses = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
} as const;

export function readRedirectAction(json: unknown, scope: Scope): RedirectAction | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const code = reader.enum(
    'response_code',
    ['MOVED_PERMANENTLY', 'FOUND', 'SEE_OTHER', 'TEMPORARY_REDIRECT', 'PERMANENT_REDIRECT'],
    'MOVED_PERMANENTLY',
  );
  const action: RedirectAction = {
    kind: 'redirect',
    status: statuses[code],
    scheme: readScheme(reader),
    host: reader.string('host_redirect') || undefined,
    port: reader.uint32('port_redirect', undefined, { max: 65_535 }) || undefined,
    path: readPath(reader),
    stripQuery: reader.boolean('strip_query', false),
  };
  reader.done();
  return action;
}

function readScheme(reader: MessageReader): string | undefined {
  reader.oneof(['https_redirect', 'scheme_redirect'], false);
  if (reader.boolean('https_redirect', false)) return 'https';
  return reader.string('scheme_redirect') || undefined;
}

function readPath(reader: MessageReader): RedirectPath | undefined {
  const kind = reader.oneof(['path_redirect', 'prefix_rewrite', 'regex_rewrite'], false);
  switch (kind) {
    case 'path_redirect':
      return { kind: 'path', value: reader.string(kind, '') };
    case 'prefix_rewrite':
      return { kind: 'prefix', value: reader.string(kind, '') };
    case 'regex_rewrite': {
      const rewrite = reader.read(kind, readRegexRewrite);
      return rewrite && { kind: 'regex', ...rewrite };
    }
    case undefined:
      return undefined;
  }
}
