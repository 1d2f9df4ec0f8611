/**
 * Route → the Ingress that its traffic is: a rule for the hosts in the cluster and one for each host outside, for the route
 * itself and for each tag.
 */
import type { Ingress, IngressPath, IngressRule, IngressSplit, IngressTls } from '../api/ingress.ts';
import type { Protocol } from '../api/pod-autoscaler.ts';
import type { Route } from '../api/route.ts';
import type { ServingConfig } from '../config/serving-config.ts';
import { headers, inheritedAnnotations, labels } from '../labels.ts';
import { routeHosts } from '../traffic/hosts.ts';
import { httpOptionOf } from './http-option.ts';
import { configurationsOf, type Rollout } from '../rollout/rollout.ts';
import { mergeTargets, type ResolvedTarget } from '../traffic/resolve-traffic.ts';

export type IngressConfig = Pick<ServingConfig, 'domain' | 'network' | 'features'>;

/** The port of a revision's public Service, by what its pods speak. */
const servicePorts: Readonly<Record<Protocol, number>> = { http1: 80, h2c: 81 };

/** The same of both over TLS. */
const serviceTlsPort = 443;

/**
 * @param targets what the route's traffic has been resolved to
 * @param protocolOf by a revision's name
 * @param rollout that is under way: `targets` have their shares of it already, the hosts of tags take theirs from it
 * @param tls by the certificates that there are
 */
export function makeIngress(
  route: Route,
  targets: readonly ResolvedTarget[],
  config: IngressConfig,
  protocolOf: (revision: string) => Protocol,
  rollout?: Rollout,
  tls: readonly IngressTls[] = [],
): Ingress {
  const { namespace = '', name } = route.metadata;
  const tags = tagsOf(targets);
  const routesByHeader = config.features['tag-header-based-routing'] === 'Enabled';
  const splitsOf = (tag: string) => targetsOf(tag, targets, rollout).map((target) => toSplit(namespace, target, config.network.systemInternalTls ? () => serviceTlsPort : (revision) => servicePorts[protocolOf(revision)]));
  const pathsOf = (tag: string): IngressPath[] => {
    if (!routesByHeader) return [{ splits: splitsOf(tag) }];
    // A host of a tag says so to the program, and the default says that it is the default: metrics tell them apart.
    if (tag !== '') return [{ splits: splitsOf(tag), appendHeaders: { [headers.tag]: tag } }];
    const byTag = tags.map((named): IngressPath => ({ headers: { [headers.tag]: { exact: named } }, splits: splitsOf(named) }));
    return [...byTag, { splits: splitsOf(''), appendHeaders: { [headers.defaultRoute]: 'true' } }];
  };
  return {
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace,
      labels: { ...route.metadata.labels, [labels.route]: name, [labels.routeNamespace]: namespace },
      annotations: inheritedAnnotations(route.metadata.annotations),
    },
    spec: {
      rules: ['', ...tags].filter((tag) => splitsOf(tag).length > 0).flatMap((tag) => rulesOf(route, tag, pathsOf(tag), config)),
      ...(tls.length === 0 ? {} : { tls }),
      httpOption: httpOptionOf(route.metadata.annotations, config.network, tls.length > 0),
    },
  };
}

/** In alphabetical order. */
export function tagsOf(targets: readonly ResolvedTarget[]): string[] {
  return [...new Set(targets.map(({ tag }) => tag).filter((tag) => tag !== ''))].sort();
}

function rulesOf(route: Route, tag: string, paths: readonly IngressPath[], config: IngressConfig): IngressRule[] {
  const { external, internal } = routeHosts(route, tag, config);
  return [
    { hosts: internal, visibility: 'ClusterLocal', http: { paths } },
    ...external.map((host): IngressRule => ({ hosts: [host], visibility: 'ExternalIP', http: { paths } })),
  ];
}

/** A tag has its target alone; what has no share by percent has one of 100 there. During a rollout the newest stands last. */
function targetsOf(tag: string, targets: readonly ResolvedTarget[], rollout: Rollout | undefined): ResolvedTarget[] {
  if (tag === '') return mergeTargets(targets);
  const target = targets.findLast((candidate) => candidate.tag === tag);
  if (target === undefined) return [];
  const [rolling] = rollout === undefined ? [] : configurationsOf(rollout, tag);
  const revisions = rolling?.revisions.filter(({ percent }) => percent > 0) ?? [];
  if (revisions.length < 2) return [{ ...target, percent: 100 }];
  return revisions.map(({ revisionName, percent }) => ({ ...target, revisionName, percent }));
}

function toSplit(
  namespace: string,
  { revisionName, percent }: ResolvedTarget,
  portOf: (revision: string) => number,
): IngressSplit {
  return {
    serviceNamespace: namespace,
    serviceName: revisionName,
    servicePort: portOf(revisionName),
    percent,
    appendHeaders: { [headers.revision]: revisionName, [headers.namespace]: namespace },
  };
}
