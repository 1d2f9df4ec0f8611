/** Pages about the process: whether it is ready, what it is, what memory it has. */
import { durationText, json, text, type AdminContext, type AdminPage } from './admin-page.ts';

/** `LIVE` is what load balancers and probes wait for. */
type ServerState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';

export function stateOf({ proxy }: AdminContext): ServerState {
  if (proxy.state === 'draining' || proxy.state === 'closed' || proxy.isFailing) return 'DRAINING';
  if (proxy.ready) return 'LIVE';
  return proxy.state === 'created' ? 'PRE_INITIALIZING' : 'INITIALIZING';
}

/** As Envoy numbers them. */
export function stateNumberOf(context: AdminContext): number {
  return ['LIVE', 'DRAINING', 'PRE_INITIALIZING', 'INITIALIZING'].indexOf(stateOf(context));
}

export const readyPage: AdminPage = {
  path: '/ready',
  help: 'LIVE when the proxy is configured and not draining, else 503',
  mutates: false,
  answer(_query, context) {
    const state = stateOf(context);
    return text(state, state === 'LIVE' ? 200 : 503);
  },
};

export const serverInfoPage: AdminPage = {
  path: '/server_info',
  help: 'version, state, uptime and node',
  mutates: false,
  answer(_query, context) {
    const uptime = durationText(context.clock.now() - context.startedAt);
    const { node } = context;
    return json({
      version: context.version,
      state: stateOf(context),
      uptime_current_epoch: uptime,
      uptime_all_epochs: uptime,
      hot_restart_version: 'disabled',
      command_line_options: context.commandLineOptions,
      node: node && { id: node.id, cluster: node.cluster, metadata: node.metadata },
    });
  },
};

export const memoryPage: AdminPage = {
  path: '/memory',
  help: 'bytes allocated, in the heap, and resident',
  mutates: false,
  answer() {
    const { heapUsed, heapTotal, rss, external } = process.memoryUsage();
    return json({
      allocated: String(heapUsed + external),
      heap_size: String(heapTotal),
      total_physical_bytes: String(rss),
    });
  },
};

export const initDumpPage: AdminPage = {
  path: '/init_dump',
  help: 'what is still being waited for',
  mutates: false,
  answer(_query, { store }) {
    const waiting = store?.warmingListeners ?? [];
    const dumps = waiting.length === 0 ? [] : [{ name: 'listener_manager', target_names: waiting }];
    return json({ unready_targets_dumps: dumps });
  },
};
