/** What a config service says of its clients (`envoy.service.status.v3.ClientStatusResponse`), per proxy and type. */
import { shortTypeName } from '@sluice/xds';

import { objectAt, objectsAt, textAt, type Json } from '../json-reading.ts';

export type SyncStatus = 'SYNCED' | 'STALE' | 'ERROR' | 'NOT SENT' | 'UNKNOWN';

/** How far one proxy has followed in one type. */
export interface TypeRow {
  readonly proxy: string;
  /** `node.cluster`: the group, for our own proxies. */
  readonly group: string;
  /** `LDS`, `RDS`, … */
  readonly type: string;
  /** The worst of its resources'. */
  readonly status: SyncStatus;
  /** How many resources there are for it to have. */
  readonly wanted: number;
  /** How many of them it has accepted as they are now. */
  readonly acknowledged: number;
  /** Since anything of it last changed, in ms; undefined when nothing says when. */
  readonly ageMs: number | undefined;
  /** Why it refuses what it refuses, each text once. */
  readonly refusals: readonly string[];
  /** The proxy's part of the response. */
  readonly source: Json;
}

/** From the worst to the best. */
const severity: readonly SyncStatus[] = ['ERROR', 'STALE', 'UNKNOWN', 'NOT SENT', 'SYNCED'];

/** In the order in which a proxy is told. */
const typeOrder = ['LDS', 'RDS', 'CDS', 'EDS', 'SDS'];

/** @param now ms since the epoch */
export function typeRows(response: unknown, now: number): readonly TypeRow[] {
  return objectsAt(response, 'config').flatMap((client) => {
    const node = objectAt(client, 'node');
    const byType = Map.groupBy(objectsAt(client, 'generic_xds_configs'), (config) => shortTypeName(textAt(config, 'type_url')));
    const base = { proxy: textAt(node, 'id'), group: textAt(node, 'cluster'), source: client };
    // A proxy that has asked for nothing yet is connected all the same.
    if (byType.size === 0) return [{ ...base, type: '', status: 'UNKNOWN' as const, wanted: 0, acknowledged: 0, ageMs: undefined, refusals: [] }];
    return [...byType].sort(([a], [b]) => rankOf(a) - rankOf(b)).map(([type, configs]) => ({ ...base, type, ...summary(configs, now) }));
  });
}

function rankOf(type: string): number {
  const position = typeOrder.indexOf(type);
  return position < 0 ? typeOrder.length : position;
}

function summary(configs: readonly Json[], now: number): Omit<TypeRow, 'proxy' | 'group' | 'type' | 'source'> {
  const statuses = configs.map(statusOf);
  const updates = configs.map((config) => Date.parse(textAt(config, 'last_updated'))).filter((time) => !Number.isNaN(time));
  const refusals = configs.map((config) => textAt(objectAt(config, 'error_state'), 'details')).filter(Boolean);
  return {
    status: severity.find((status) => statuses.includes(status)) ?? 'UNKNOWN',
    // A name that is asked for and does not exist is nobody's fault, and nothing to have.
    wanted: configs.filter((config) => textAt(config, 'client_status') !== 'DOES_NOT_EXIST').length,
    acknowledged: statuses.filter((status) => status === 'SYNCED').length,
    ageMs: updates.length === 0 ? undefined : Math.max(0, now - Math.max(...updates)),
    refusals: [...new Set(refusals)],
  };
}

/** The server's view; where a proxy speaks of itself, its own. */
function statusOf(config: Json): SyncStatus {
  switch (textAt(config, 'config_status')) {
    case 'SYNCED':
      return 'SYNCED';
    case 'NOT_SENT':
      return 'NOT SENT';
    case 'STALE':
      return 'STALE';
    case 'ERROR':
      return 'ERROR';
  }
  switch (textAt(config, 'client_status')) {
    case 'ACKED':
      return 'SYNCED';
    case 'NACKED':
      return 'ERROR';
    case 'REQUESTED':
    case 'TIMEOUT':
      return 'STALE';
    case 'DOES_NOT_EXIST':
      return 'NOT SENT';
    default:
      return 'UNKNOWN';
  }
}
