/** What an Ingress asks for: rules by host, what is shown for which names, and what of it cannot be had. */
import type { KubernetesIngress, KubernetesIngressBackend, KubernetesIngressPath } from './api/kubernetes-ingress.ts';
import { noHeaderChanges, type EdgeAction, type EdgeMatch, type EdgeRule } from './edge-model.ts';
import type { RouteSurroundings } from './edge-surroundings.ts';
import { isHostname } from './hostnames.ts';
import { withoutEndingSlash } from './http-route-rules.ts';
import type { OrderedRule } from './ordered-rules.ts';

export interface ReadIngress {
  readonly hosts: readonly { readonly domain: string; readonly rules: readonly OrderedRule[] }[];
  /** `*`: for every name. */
  readonly shown: readonly { readonly name: string; readonly certificate: string }[];
  readonly problems: readonly string[];
}

export function readIngress(ingress: KubernetesIngress, surroundings: RouteSurroundings): ReadIngress {
  const { namespace = '', name, creationTimestamp: createdAt = '' } = ingress.metadata;
  const { rules = [], tls = [], defaultBackend } = ingress.spec ?? {};
  const key = `${namespace}/${name}`;
  const problems: string[] = [];
  const actionOf = (backend: KubernetesIngressBackend, path: string): EdgeAction => readBackend(backend, path, namespace, surroundings, problems);
  const otherwise = defaultBackend && actionOf(defaultBackend, 'spec.defaultBackend');
  const hosts = new Map<string, OrderedRule[]>();
  const add = (domain: string, match: EdgeMatch, action: EdgeAction, isLast = false): void => {
    const rule: EdgeRule = { source: `Ingress ${key}`, match, action, requestHeaders: noHeaderChanges, responseHeaders: noHeaderChanges, cors: undefined };
    const known = hosts.get(domain) ?? [];
    hosts.set(domain, [...known, { rule, createdAt, key, index: known.length, isLast }]);
  };
  rules.forEach(({ host = '', http }, index) => {
    const domain = host === '' ? '*' : host.toLowerCase();
    if (domain !== '*' && !isHostname(domain)) {
      problems.push(`spec.rules[${index}].host: ${JSON.stringify(host)} is no host`);
      return;
    }
    (http?.paths ?? []).forEach((path, place) => {
      const where = `spec.rules[${index}].http.paths[${place}]`;
      const match = readPath(path, domain, where, problems);
      if (match) add(domain, match, actionOf(path.backend, `${where}.backend`));
    });
    // A host whose paths are all left out is still one of its hosts.
    if (!hosts.has(domain)) hosts.set(domain, []);
  });
  if (otherwise) for (const domain of new Set([...hosts.keys(), '*'])) add(domain, { ...anyRequest, oneLabel: domain.startsWith('*.') }, otherwise, true);
  if (rules.length === 0 && !otherwise) problems.push('spec: has neither rules nor a defaultBackend');
  const shown = tls.flatMap(({ hosts: names = [], secretName = '' }, index) => {
    const secret = `${namespace}/${secretName}`;
    const found = surroundings.findCertificate(secret);
    if (!found.ok) {
      problems.push(`spec.tls[${index}].secretName: Secret "${secret}" ${found.reason}`);
      return [];
    }
    return (names.length === 0 ? ['*'] : names).map((shownFor) => ({ name: shownFor.toLowerCase(), certificate: secret }));
  });
  return { hosts: [...hosts].map(([domain, own]) => ({ domain, rules: own })), shown, problems };
}

const anyRequest: EdgeMatch = { path: { kind: 'prefix', value: '/' }, method: '', headers: [], query: [], oneLabel: false };

/** What a path of no stated kind means is the controller's to say: here, a beginning. */
function readPath({ path = '', pathType }: KubernetesIngressPath, domain: string, where: string, problems: string[]): EdgeMatch | undefined {
  const value = path === '' ? '/' : path;
  if (!value.startsWith('/')) problems.push(`${where}.path: ${JSON.stringify(path)} does not begin with a slash`);
  else if (pathType === 'Exact' || pathType === 'Prefix' || pathType === 'ImplementationSpecific') {
    const kind = pathType === 'Exact' ? 'exact' : 'prefix';
    return { ...anyRequest, path: { kind, value: kind === 'exact' ? value : withoutEndingSlash(value) }, oneLabel: domain.startsWith('*.') };
  } else problems.push(`${where}.pathType: ${JSON.stringify(pathType)} is not supported`);
  return undefined;
}

function readBackend({ service, resource }: KubernetesIngressBackend, where: string, namespace: string, { findBackend }: RouteSurroundings, problems: string[]): EdgeAction {
  const nobody: EdgeAction = { kind: 'answer', status: 503 };
  if (!service || resource !== undefined) {
    problems.push(`${where}: only Services can be backends`);
    return nobody;
  }
  const port = service.port?.number || service.port?.name;
  if (port === undefined || port === '') {
    problems.push(`${where}.service.port: has neither number nor name`);
    return nobody;
  }
  const found = findBackend({ namespace, service: service.name, port });
  if (typeof found !== 'string') {
    const share = { backend: found.key, weight: 1, requestHeaders: noHeaderChanges, responseHeaders: noHeaderChanges };
    return { kind: 'forward', shares: [share], lostWeight: 0, rewriteHost: '', rewritePath: undefined, mirrors: [], timeoutMs: 0, tryTimeoutMs: 0, retry: undefined, session: undefined };
  }
  const reasons = { 'no-service': 'is not there', 'no-port': `has no port ${port}`, 'external-name': 'is an ExternalName, which is not followed' } as const;
  problems.push(`${where}: Service "${namespace}/${service.name}" ${reasons[found]}`);
  return nobody;
}
