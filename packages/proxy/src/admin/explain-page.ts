/** `/explain`, ours: where a request would go and why, without sending it. */
import { RequestHead } from '@sluice/http';
import type { ListenerConfig } from '../proxy-config.ts';
import { json, text, type AdminContext, type AdminPage } from './admin-page.ts';

export const explainPage: AdminPage = {
  path: '/explain',
  help: 'where a request would go and why (?method=GET&url=http://host/path&header=name:value, repeated; ?listener=name)',
  mutates: false,
  answer(query, context) {
    const head = headOf(query);
    if (typeof head === 'string') return text(head, 400);
    const wanted = query.get('listener');
    const listeners = [...(context.proxy.config?.listeners.values() ?? [])].filter(({ name }) => wanted === null || name === wanted);
    if (listeners.length === 0) return text(wanted === null ? 'there are no listeners' : `there is no listener ${JSON.stringify(wanted)}`, 404);
    return json({ request: { method: head.method, authority: head.authority, path: head.path }, listeners: listeners.map((listener) => explainListener(listener, head, context)) });
  },
};

/** Or what is wrong with the question. */
function headOf(query: URLSearchParams): RequestHead | string {
  const url = query.get('url');
  if (url === null || !URL.canParse(url)) return 'url must be one, such as http://host/path';
  const { host, pathname, search, protocol } = new URL(url);
  const head = RequestHead.of(query.get('method') ?? 'GET', host, pathname + search, { 'x-forwarded-proto': protocol.slice(0, -1) });
  for (const line of query.getAll('header')) {
    const colon = line.indexOf(':');
    if (colon < 1) return `header ${JSON.stringify(line)} must be name:value`;
    try {
      head.add(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    } catch {
      return `header ${JSON.stringify(line)} is none`;
    }
  }
  return head;
}

function explainListener(listener: ListenerConfig, head: RequestHead, context: AdminContext): unknown {
  return {
    name: listener.name,
    // Which chain serves is decided by the connection, of which nothing is known here: each says for itself.
    chains: listener.filterChains.map(({ name, manager }) => {
      if (!manager) return { name, serves: 'no HTTP' };
      if (!manager.routes) return { name, routes: 'have not come yet' };
      const { outcome, ...explained } = manager.routes.explain?.(head) ?? { candidates: [], outcome: undefined };
      return { name, route_config: manager.routes.name, ...explained, action: outcome && explainAction(outcome, context) };
    }),
  };
}

function explainAction(action: ExplainedAction, { proxy }: AdminContext): unknown {
  if (action.kind !== 'forward') return { kind: action.kind, status: action.status };
  const cluster = proxy.clusters().find(({ name }) => name === action.clusterName);
  const hosts = cluster?.hosts.map(({ address, healthFlags, weight }) => ({ address, health: healthFlags.length === 0 ? 'healthy' : healthFlags.join(','), weight }));
  return { kind: 'forward', cluster: action.clusterName, timeout_ms: action.timeoutMs, hosts: hosts ?? `there is no cluster of this name: ${action.clusterNotFoundStatus}` };
}

type ExplainedAction = NonNullable<ReturnType<NonNullable<NonNullable<NonNullable<ListenerConfig['filterChains'][number]['manager']>['routes']>['explain']>>['outcome']>;
