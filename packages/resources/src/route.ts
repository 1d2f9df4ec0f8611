/** `envoy.config.route.v3.Route`: a match and what to do with what matches. */
import { readBodyBufferLimit, type BodyBufferLimit } from './body-buffer-limit.ts';
import { withCorsPolicy } from './cors-field.ts';
import { isObject, MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readDirectResponseAction, type DirectResponseAction } from './direct-response-action.ts';
import { readHeaderMutations, type HeaderMutations } from './header-value-option.ts';
import { noMetadata, readMetadata, type Metadata } from './metadata.ts';
import { readPerFilterConfigs, type PerFilterConfigs } from './per-filter-config.ts';
import { readRedirectAction, type RedirectAction } from './redirect-action.ts';
import { readRouteAction, type RouteAction } from './route-action.ts';
import { readRouteMatch, type RouteMatch } from './route-match.ts';
import { readDecorator, readRouteTracing, type RouteTracing } from './tracing.ts';

export interface Route {
  /** For logs and statistics; may be empty. */
  readonly name: string;
  readonly match: RouteMatch;
  readonly action: RouteAction | RedirectAction | DirectResponseAction;
  readonly metadata: Metadata;
  /** In place of the virtual host's. */
  readonly bodyBufferLimit: BodyBufferLimit | undefined;
  /** Its requests have numbers of their own under this name; empty: they have not. */
  readonly statPrefix: string;
  readonly headers: HeaderMutations;
  readonly perFilterConfigs: PerFilterConfigs;
  /** In place of the connection manager's. */
  readonly tracing: RouteTracing | undefined;
  /** The name of its spans; empty for the usual one. */
  readonly operation: string;
}

const actions = ['route', 'redirect', 'direct_response', 'filter_action', 'non_forwarding_action'] as const;

export function readRoute(json: unknown, scope: Scope): Route | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.string('name', '');
  const match = reader.required('match', readRouteMatch);
  const action = readAction(reader);
  const metadata = reader.read('metadata', readMetadata) ?? noMetadata;
  const headers = readHeaderMutations(reader);
  const ownConfigs = readPerFilterConfigs(reader);
  const perFilterConfigs = reader.read('route', (inner, at) => {
    const forward = isObject(inner) ? MessageReader.open(inner, at) : undefined;
    return forward && withCorsPolicy(ownConfigs, forward);
  }) ?? ownConfigs;
  const bodyBufferLimit = readBodyBufferLimit(reader);
  reader.refuse(['filter_action', 'non_forwarding_action']);
  const statPrefix = reader.string('stat_prefix', '');
  const tracing = reader.read('tracing', readRouteTracing);
  const operation = reader.read('decorator', readDecorator) ?? '';
  reader.done();
  return match && action && { name, match, action, metadata, bodyBufferLimit, statPrefix, headers, perFilterConfigs, tracing, operation };
}

function readAction(reader: MessageReader): Route['action'] | undefined {
  const kind = reader.oneof(actions, true);
  switch (kind) {
    case 'route':
      return reader.read(kind, readRouteAction);
    case 'redirect':
      return reader.read(kind, readRedirectAction);
    case 'direct_response':
      return reader.read(kind, readDirectResponseAction);
    default:
      return undefined;
  }
}
