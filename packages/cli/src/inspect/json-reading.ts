/** Reading of what came as JSON from elsewhere, lightly: what is not there is empty, and nothing throws. */

export interface Json {
  readonly [key: string]: unknown;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object under a path of keys; empty when there is none. */
export function objectAt(value: unknown, ...path: readonly string[]): Json {
  let found: unknown = value;
  for (const key of path) found = isObject(found) ? found[key] : undefined;
  return isObject(found) ? found : {};
}

export function objectsAt(value: unknown, key: string): readonly Json[] {
  const found = isObject(value) ? value[key] : undefined;
  return Array.isArray(found) ? found.filter(isObject) : [];
}

export function textAt(value: unknown, key: string): string {
  const found = isObject(value) ? value[key] : undefined;
  return typeof found === 'string' ? found : typeof found === 'number' || typeof found === 'boolean' ? String(found) : '';
}

/** `host` and `port` of an `envoy.config.core.v3.Address`; a pipe is its path. */
export function addressOf(address: unknown): { readonly host: string; readonly port: string } {
  const socket = objectAt(address, 'socket_address');
  const pipe = textAt(objectAt(address, 'pipe'), 'path');
  return pipe === '' ? { host: textAt(socket, 'address'), port: textAt(socket, 'port_value') } : { host: pipe, port: '' };
}

export function joinAddress({ host, port }: { readonly host: string; readonly port: string }): string {
  if (port === '') return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
