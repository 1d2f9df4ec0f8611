/** Which files a configuration asks for by `path_config_source`, found wherever it may stand. */
import { typeUrls } from '@sluice/resources';

export interface PathSubscription {
  readonly typeUrl: string;
  readonly path: string;
  /** The file holds all resources of its type: what it does not hold any more is gone. */
  readonly isWhole: boolean;
}

/** Fields that hold a source, and what comes from it. */
const fields: Readonly<Record<string, { readonly typeUrl: string; readonly isWhole: boolean }>> = {
  cds_config: { typeUrl: typeUrls.cluster, isWhole: true },
  lds_config: { typeUrl: typeUrls.listener, isWhole: true },
  eds_config: { typeUrl: typeUrls.clusterLoadAssignment, isWhole: false },
  sds_config: { typeUrl: typeUrls.secret, isWhole: false },
  config_source: { typeUrl: typeUrls.routeConfiguration, isWhole: false },
};

/** The same field in `config_discovery`. */
const extensions = { typeUrl: typeUrls.extensionConfig, isWhole: false };

/** In the order of the table: clusters before listeners, so that those find what they refer to. */
export function pathSubscriptions(json: unknown): readonly PathSubscription[] {
  const found = new Map<string, PathSubscription>();
  collect(json, found);
  const order = [...Object.values(fields).map(({ typeUrl }) => typeUrl), extensions.typeUrl];
  return [...found.values()].sort((a, b) => order.indexOf(a.typeUrl) - order.indexOf(b.typeUrl));
}

export function subscriptionKey({ typeUrl, path }: PathSubscription): string {
  return `${typeUrl} ${path}`;
}

function collect(json: unknown, found: Map<string, PathSubscription>, inside = ''): void {
  if (Array.isArray(json)) return json.forEach((element) => collect(element, found));
  if (typeof json !== 'object' || json === null) return;
  for (const [key, value] of Object.entries(json)) {
    const name = toSnakeCase(key);
    const kind = inside === 'config_discovery' && name === 'config_source' ? extensions : fields[name];
    const path = kind && pathOf(value);
    if (path !== undefined && kind) {
      const subscription = { ...kind, path };
      found.set(subscriptionKey(subscription), subscription);
    } else collect(value, found, name);
  }
}

function pathOf(source: unknown): string | undefined {
  if (typeof source !== 'object' || source === null) return undefined;
  const fieldsOfSource = source as Readonly<Record<string, unknown>>;
  const nested = fieldsOfSource['path_config_source'] ?? fieldsOfSource['pathConfigSource'];
  const path = typeof nested === 'object' && nested !== null ? (nested as Readonly<Record<string, unknown>>)['path'] : fieldsOfSource['path'];
  return typeof path === 'string' ? path : undefined;
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
