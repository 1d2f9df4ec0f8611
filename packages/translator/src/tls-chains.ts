/** Which certificates are shown for which names. */
import type { EdgeServer, ServingCertificate } from '@sluice/serving';

import type { TlsChain, TlsSide } from './listeners.ts';

/** Of two that want a name, that of Knative's objects has it. */
export function tlsChains(side: TlsSide, certificates: readonly ServingCertificate[], { names, passed }: Pick<EdgeServer, 'names' | 'passed'>): TlsChain[] {
  const own = certificates.map(({ name, hosts, internalHosts }) => ({ name, serverNames: side === 'external' ? hosts : internalHosts, secrets: [name] }));
  const taken = new Set(own.flatMap(({ serverNames }) => serverNames));
  return [...own.filter(({ serverNames }) => serverNames.length > 0), ...tlsChainsOf({ names: names.filter(({ name }) => !taken.has(name)), passed: passed.filter(({ name }) => !taken.has(name)) })];
}

export function tlsChainsOf({ names, passed }: Pick<EdgeServer, 'names' | 'passed'>): TlsChain[] {
  const serverNames = (name: string): readonly string[] => (name === '*' ? [] : [name]);
  return [
    ...names.map(({ name, certificates }) => ({ name: `edge:${name}`, serverNames: serverNames(name), secrets: certificates })),
    ...passed.map((passage) => ({ name: `${passage.certificates.length === 0 ? 'passed' : 'ended'}:${passage.name}`, serverNames: serverNames(passage.name), secrets: passage.certificates, passedTo: passage })),
  ];
}

/** Whether one of the hosts is among those that a certificate is shown for. */
export function hasCertificate(hosts: readonly string[], certificates: readonly ServingCertificate[]): boolean {
  return certificates.some((certificate) => hosts.some((host) => certificate.hosts.includes(host) || certificate.hosts.includes(`*${host.slice(host.indexOf('.'))}`)));
}
