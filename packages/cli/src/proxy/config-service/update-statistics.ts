/** How configuration comes, under Envoy's names: of listeners and clusters as a whole, of all else by name. */
import { createHash } from 'node:crypto';
import type { LabelValues, Meter } from '@sluice/kernel';
import type { SourceReference } from '@sluice/proxy';
import { typeUrls } from '@sluice/resources';
import type { ClientNews } from '@sluice/xds';

interface Scope {
  readonly prefix: string;
  readonly labels: LabelValues;
}

const whole: Readonly<Record<string, Scope>> = {
  [typeUrls.listener]: { prefix: 'envoy_listener_manager_lds', labels: {} },
  [typeUrls.cluster]: { prefix: 'envoy_cluster_manager_cds', labels: {} },
};

const helps = {
  update_attempt: 'times a resource was asked for or has come',
  update_success: 'updates taken',
  update_failure: 'times the config service could not be reached, or was lost',
  update_rejected: 'updates refused',
  init_fetch_timeout: 'times that the first answer did not come in time',
} as const;

export class UpdateStatistics {
  readonly #meter: Meter;
  /** Of named resources, by type and name. */
  #scopes = new Map<string, readonly Scope[]>();

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** What everything held refers to now. */
  setReferences(references: readonly SourceReference[]): void {
    const scopes = new Map<string, Scope[]>();
    for (const reference of references) {
      const key = `${reference.typeUrl} ${reference.name}`;
      const found = scopes.get(key) ?? [];
      scopes.set(key, found);
      const scope = scopeOf(reference);
      if (scope && found.every(({ labels }) => JSON.stringify(labels) !== JSON.stringify(scope.labels))) found.push(scope);
    }
    this.#scopes = scopes;
  }

  /** `asked` are all names that a stream asks for, by type. */
  count(news: ClientNews, asked: () => readonly { readonly typeUrl: string; readonly names: readonly string[] }[]): void {
    switch (news.kind) {
      case 'asked':
        this.#add(news.typeUrl, news.names, 'update_attempt');
        return;
      case 'accepted':
        this.#add(news.typeUrl, news.names, 'update_attempt');
        this.#add(news.typeUrl, news.names, 'update_success');
        for (const { prefix, labels } of this.#scopesOf(news.typeUrl, news.names)) this.#meter.gauge(`${prefix}_version`, 'hash of the version accepted last', labels).set(numberOf(news.version));
        return;
      case 'rejected':
        this.#add(news.typeUrl, news.names, 'update_attempt');
        this.#add(news.typeUrl, news.names, 'update_rejected');
        return;
      case 'missing':
        if (news.isTimeout) this.#add(news.typeUrl, [news.name], 'init_fetch_timeout');
        return;
      case 'stream failed':
        for (const { typeUrl, names } of asked()) if (names.length > 0) this.#add(typeUrl, names, 'update_failure');
        return;
      case 'connection':
      case 'expired':
      case 'unknown fields':
      case 'control plane':
    }
  }

  #add(typeUrl: string, names: readonly string[], what: keyof typeof helps): void {
    for (const { prefix, labels } of this.#scopesOf(typeUrl, names)) this.#meter.counter(`${prefix}_${what}`, helps[what], labels).add();
  }

  #scopesOf(typeUrl: string, names: readonly string[]): readonly Scope[] {
    const scope = whole[typeUrl];
    return scope ? [scope] : names.flatMap((name) => this.#scopes.get(`${typeUrl} ${name}`) ?? []);
  }
}

function scopeOf({ typeUrl, name, scope }: SourceReference): Scope | undefined {
  switch (typeUrl) {
    case typeUrls.clusterLoadAssignment:
      return { prefix: 'envoy_cluster', labels: { envoy_cluster_name: scope } };
    case typeUrls.routeConfiguration:
      return { prefix: 'envoy_http_rds', labels: { envoy_http_conn_manager_prefix: scope, envoy_rds_route_config: name } };
    case typeUrls.secret:
      return { prefix: 'envoy_sds', labels: { envoy_sds_name: name } };
    case typeUrls.extensionConfig:
      return { prefix: 'envoy_extension_config_discovery_http_filter', labels: { envoy_ecds_name: name } };
    default:
      return undefined;
  }
}

/** A number that is another for another version, as far as numbers go here: 52 bits of its hash. */
function numberOf(version: string): number {
  return Number.parseInt(createHash('sha256').update(version).digest('hex').slice(0, 13), 16);
}
