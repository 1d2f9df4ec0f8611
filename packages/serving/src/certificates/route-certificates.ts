/** Which certificates a Route needs: one for each host outside, and one for each of its names in the cluster. */
import type { Certificate } from '../api/certificate.ts';
import type { Route } from '../api/route.ts';
import { labels } from '../labels.ts';
import { externalHosts, routeHosts, type HostConfig } from '../traffic/hosts.ts';
import { certificateName, certificateTypes, makeCertificate, refusesExternalTls } from './make-certificate.ts';

export interface WantedCertificate {
  /** As it is made where no other covers its names. */
  readonly desired: Certificate;
  /** Whether its names are for clients in the cluster. */
  readonly isClusterLocal: boolean;
}

/** @param tags of its traffic; the route itself needs not be named */
export function routeCertificates(route: Route, tags: readonly string[], config: HostConfig): WantedCertificate[] {
  const { network } = config;
  const names = ['', ...tags];
  return [
    ...(network.externalDomainTls && !refusesExternalTls(route) ? names.flatMap((tag) => externalOnes(route, tag, config)) : []),
    ...(network.clusterLocalDomainTls ? names.map((tag) => clusterLocalOne(route, tag, config)) : []),
  ];
}

function externalOnes(route: Route, tag: string, config: HostConfig): WantedCertificate[] {
  const { namespace = '', uid = '', name } = route.metadata;
  return externalHosts(route, tag, config).map(({ host, domain }, index) => ({
    isClusterLocal: false,
    desired: makeCertificate(
      {
        owner: route,
        namespace,
        // Of several domains the first has the name that Knative, which knows but one, would give.
        name: certificateName(uid, ...(tag === '' ? [] : [tag]), ...(index === 0 ? [] : [host])),
        dnsNames: [host],
        domain,
        labels: { [labels.route]: name, [labels.certificateType]: certificateTypes.external },
      },
      config.network,
    ),
  }));
}

function clusterLocalOne(route: Route, tag: string, config: HostConfig): WantedCertificate {
  const { namespace = '', uid = '', name } = route.metadata;
  const { internal } = routeHosts(route, tag, config);
  const desired = makeCertificate(
    {
      owner: route,
      namespace,
      name: `${certificateName(uid, ...(tag === '' ? [] : [tag]))}-local`,
      dnsNames: internal,
      domain: `svc.${config.network.clusterDomain}`,
      labels: { [labels.route]: name, [labels.certificateType]: certificateTypes.clusterLocal },
    },
    config.network,
  );
  return { isClusterLocal: true, desired };
}

/** One of `wildcards` whose names cover all of a wanted one's. Undefined: one of its own is needed. */
export function coveringWildcard({ spec }: Certificate, wildcards: readonly Certificate[]): Certificate | undefined {
  return wildcards.find(
    (candidate) =>
      candidate.metadata.labels?.[labels.wildcardDomain] === spec.domain &&
      spec.dnsNames.every((name) => candidate.spec.dnsNames.some((pattern) => covers(pattern, name))),
  );
}

/** Whether a certificate for `pattern` proves `name`. A star stands for one label. RFC 6125 section 6.4.3. */
export function covers(pattern: string, name: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === name;
  const dot = name.indexOf('.');
  return dot > 0 && name.slice(dot + 1) === pattern.slice(2);
}
