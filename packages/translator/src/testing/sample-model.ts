/** Serving models for tests, with everything that is not said set to what a plain Service has. */
import { createHash } from 'node:crypto';
import type { ServingEndpoint, ServingModel, ServingRevision, ServingRoute } from '@sluice/serving';

export function sampleEndpoint(address: string, changes: Partial<ServingEndpoint> = {}): ServingEndpoint {
  return { address, port: 8012, ready: true, terminating: false, podName: '', ...changes };
}

/** @param key `namespace/name` */
export function sampleRevision(key: string, changes: Partial<ServingRevision> = {}): ServingRevision {
  const [namespace = '', name = ''] = key.split('/');
  const configuration = name.replace(/-\d{5}$/, '');
  return {
    key,
    namespace,
    name,
    configuration,
    service: configuration,
    containerConcurrency: 0,
    protocol: 'http1',
    timeoutSeconds: 300,
    responseStartTimeoutSeconds: 0,
    idleTimeoutSeconds: 0,
    readyByKubelet: false,
    mode: 'Serve',
    pods: [],
    activators: [],
    ...changes,
  };
}

/**
 * A route named `namespace/route`, visible outside.
 * @param shares percent by revision key
 */
export function sampleRoute(
  name: string,
  shares: Readonly<Record<string, number>>,
  changes: Partial<ServingRoute> = {},
): ServingRoute {
  const [namespace = '', host = ''] = name.split('/');
  return {
    name,
    namespace,
    owner: { kind: 'Route', name: host },
    externalHosts: [`${host}.${namespace}.localhost`],
    internalHosts: [`${host}.${namespace}`, `${host}.${namespace}.svc`, `${host}.${namespace}.svc.cluster.local`],
    splits: Object.entries(shares).map(([revision, percent]) => ({ revision, percent, headers: {} })),
    headers: {},
    rewriteHost: '',
    paths: [],
    redirectsToHttps: false,
    hash: createHash('sha256').update(name).digest('hex'),
    ...changes,
  };
}

export function sampleModel(changes: Partial<ServingModel> = {}): ServingModel {
  return { revisions: [], backends: [], routes: [], certificates: [], activators: [], problems: [], ...changes };
}
