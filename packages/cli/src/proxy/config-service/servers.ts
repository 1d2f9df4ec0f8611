/** Where the servers of static clusters are, as gRPC says it, and how connections to them are secured. */
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MeshError, type Address } from '@sluice/kernel';
import type { Bootstrap, CertificateValidationContext, Cluster, DataSource, TlsCertificate, UpstreamTlsContext } from '@sluice/resources';
import type { GrpcTls } from '@sluice/xds';
import { namesOfCertificate, nameTest } from './certificate-names.ts';

export interface ServerAddress {
  /** A gRPC target. */
  readonly address: string;
  /** Reads certificates anew each time. @throws when they cannot be read */
  readonly tls: (() => GrpcTls) | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws MeshError when a cluster is not there or leads nowhere */
export function serversOf(clusterNames: readonly string[], { staticResources }: Bootstrap, environment: Environment): readonly ServerAddress[] {
  return clusterNames.flatMap((name) => {
    const cluster = staticResources.clusters.find((candidate) => candidate.name === name);
    if (!cluster) throw new MeshError('config-service', `config service: ${name} is no static cluster`);
    const addresses = addressesOf(cluster);
    if (addresses.length === 0) throw new MeshError('config-service', `config service: cluster ${name} has no addresses`);
    const tls = tlsOf(cluster, staticResources.secrets, environment);
    return addresses.map((address) => ({ address, tls }));
  });
}

function addressesOf({ discovery }: Cluster): readonly string[] {
  if (discovery.kind !== 'STATIC' && discovery.kind !== 'STRICT_DNS' && discovery.kind !== 'LOGICAL_DNS') return [];
  const isNamed = discovery.kind !== 'STATIC';
  const localities = [...discovery.assignment.localities].sort((a, b) => a.priority - b.priority);
  return localities.flatMap(({ endpoints }) => endpoints.map(({ address }) => targetOf(address, isNamed)));
}

function targetOf({ host, port, path }: Address, isNamed: boolean): string {
  if (path !== undefined) return `unix:${path}`;
  if (isNamed) return `dns:${host}:${port}`;
  return host.includes(':') ? `ipv6:[${host}]:${port}` : `ipv4:${host}:${port}`;
}

function tlsOf({ name, transportSocket }: Cluster, secrets: Bootstrap['staticResources']['secrets'], environment: Environment): (() => GrpcTls) | undefined {
  if (transportSocket?.kind !== 'tls') return undefined;
  const context = transportSocket.tls;
  const [certificate] = context.common.certificates;
  const secretOf = (wanted: string) => secrets.find((secret) => secret.name === wanted);
  const reject = (what: string): never => {
    throw new MeshError('config-service', `config service: cluster ${name} takes its ${what} from a secret that the bootstrap does not have`);
  };
  const fromSecret = context.common.certificateSecrets.map((reference) => {
    const secret = secretOf(reference.name);
    return secret?.kind === 'tls_certificate' ? secret.certificate : reject('certificate');
  });
  const { validation } = context.common;
  let rules: CertificateValidationContext | undefined;
  if (validation?.kind === 'own') rules = validation.context;
  else if (validation) {
    const secret = secretOf(validation.secret.name);
    rules = secret?.kind === 'validation_context' ? secret.validation : reject('validation context');
    if (validation.kind === 'combined') rules = { ...rules, sanMatchers: [...validation.context.sanMatchers, ...rules.sanMatchers] };
  }
  return () => readTls(context, certificate ?? fromSecret[0], rules, environment);
}

function readTls({ sni, checksSni }: UpstreamTlsContext, certificate: TlsCertificate | undefined, rules: CertificateValidationContext | undefined, environment: Environment): GrpcTls {
  const read = (source: DataSource) => textOf(source, environment);
  const identity = certificate && {
    certificateChain: read(certificate.certificateChain),
    privateKey: read(certificate.privateKey),
    password: certificate.password && read(certificate.password),
  };
  if (rules && rules.trustDomains.length > 0) throw new MeshError('config-service', 'config service: whom its certificate is from cannot be told by domains (SPIFFE)');
  const trustedCa = rules?.trustedCa && !rules.acceptsUntrusted ? read(rules.trustedCa) : undefined;
  const version = createHash('sha256').update(JSON.stringify([identity ?? null, trustedCa ?? null])).digest('hex');
  return { version, trustedCa, identity, serverName: sni, findFault: (der) => (rules && !rules.acceptsUntrusted ? findFault(rules, der, checksSni ? sni : '') : undefined) };
}

function findFault({ sanMatchers, spkiPins, certificateHashes }: CertificateValidationContext, der: Uint8Array, mustBeFor: string): string | undefined {
  const certificate = new X509Certificate(der);
  if (mustBeFor !== '' && certificate.checkHost(mustBeFor) === undefined) return `the certificate is not for ${mustBeFor}`;
  const names = namesOfCertificate(certificate);
  const tests = sanMatchers.map(nameTest);
  if (tests.length > 0 && !names.some((name) => tests.some((test) => test(name)))) return 'none of the names in the certificate matches';
  if (spkiPins.length + certificateHashes.length === 0) return undefined;
  const spki = createHash('sha256').update(certificate.publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
  const hash = createHash('sha256').update(certificate.raw).digest('hex');
  return spkiPins.includes(spki) || certificateHashes.includes(hash) ? undefined : 'the certificate is not one of those that are pinned';
}

function textOf(source: DataSource, environment: Environment): string {
  switch (source.kind) {
    case 'inline':
      return source.text;
    case 'file':
      return readFileSync(source.path, 'utf8');
    case 'environment': {
      const value = environment[source.variable];
      if (value === undefined) throw new MeshError('config-service', `config service: variable ${source.variable} is not set`);
      return value;
    }
  }
}
