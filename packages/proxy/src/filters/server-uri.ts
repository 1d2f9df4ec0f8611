/** `envoy.config.core.v3.HttpUri`: an address for people, and the cluster that leads there. */
import { MessageReader, type Scope } from '@sluice/resources';

export interface ServerUri {
  /** `host` or `host:port`, for the Host field. */
  readonly authority: string;
  /** Path and query. */
  readonly path: string;
  readonly clusterName: string;
  readonly timeoutMs: number;
}

/** Where to connect to is the cluster's to say, and so is whether by TLS: the scheme counts for nothing here. */
export function readServerUri(json: unknown, scope: Scope): ServerUri | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const uri = reader.requiredString('uri');
  const clusterName = reader.requiredString('cluster');
  const timeoutMs = reader.durationMs('timeout', 0);
  if (timeoutMs === 0 && !scope.hasErrors) scope.at('timeout').error('is required, and must be longer than 0s');
  reader.done();
  const full = uri.includes('://') ? uri : `http://${uri}`;
  if (uri !== '' && (!URL.canParse(full) || !/^https?:/.test(full))) {
    scope.at('uri').error(`is ${JSON.stringify(uri)}, must be host:port, or begin with http:// or https://`);
    return undefined;
  }
  if (uri === '') return undefined;
  const { host, pathname, search } = new URL(full);
  return { authority: host, path: `${pathname}${search}`, clusterName, timeoutMs };
}
