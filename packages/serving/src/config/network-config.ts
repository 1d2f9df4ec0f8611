/** `config-network`: how hosts and URLs are formed, who serves them, and with which certificates. */
import type { Checked } from '@sluice/kernel';
import { parse } from 'yaml';
import { ConfigReader, type ConfigData } from './config-reader.ts';
import { hostTemplateComplaint, tagTemplateComplaint } from './name-template.ts';

export interface NetworkConfig {
  /** Who serves routes that do not say so themselves. */
  readonly ingressClass: string;
  /** Who makes certificates that do not say so themselves. */
  readonly certificateClass: string;
  /** Where a route's host is made from its name. A Go template. */
  readonly domainTemplate: string;
  /** From a tag and a route's name to the name that the host of the tag is made from. A Go template. */
  readonly tagTemplate: string;
  /** Over how long a new revision takes over the traffic of the one before it. 0: at once. */
  readonly rolloutDurationSeconds: number;
  /** Namespaces that get one certificate for all their hosts. Undefined: none do. */
  readonly namespaceWildcardCertSelector: NamespaceSelector | undefined;
  /** Whether hosts for clients outside get certificates. */
  readonly externalDomainTls: boolean;
  readonly clusterLocalDomainTls: boolean;
  readonly systemInternalTls: boolean;
  /** What becomes of plain HTTP at hosts with certificates. */
  readonly httpProtocol: HttpProtocol;
  readonly defaultExternalScheme: 'http' | 'https';
  /** Whether a DomainMapping takes its name by itself. */
  readonly autocreateClusterDomainClaims: boolean;
  readonly enableMeshPodAddressability: boolean;
  readonly meshCompatibilityMode: 'auto' | 'enabled' | 'disabled';
  /** Ours: the port that clients outside must name, when it is not the scheme's own. 0: they need not. */
  readonly externalPort: number;
  /** Ours: the same of HTTPS by our own certificates. */
  readonly externalTlsPort: number;
  /** The domain of the cluster's own names: `cluster.local`. */
  readonly clusterDomain: string;
}

/** `disabled`: plain HTTP is not served there at all. */
export type HttpProtocol = 'enabled' | 'redirected' | 'disabled';

/** As Kubernetes selects by labels. */
export interface NamespaceSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** Ingresses and certificates of these classes are ours to serve and to make. */
export const ownIngressClass = 'sluice.ingress.networking.knative.dev';
export const ownCertificateClass = 'sluice.certificate.networking.knative.dev';

/** In force without a ConfigMap: Knative's defaults, except that the two classes are ours and not Istio's and cert-manager's. */
export const defaultNetwork: NetworkConfig = {
  ingressClass: ownIngressClass,
  certificateClass: ownCertificateClass,
  domainTemplate: '{{.Name}}.{{.Namespace}}.{{.Domain}}',
  tagTemplate: '{{.Tag}}-{{.Name}}',
  rolloutDurationSeconds: 0,
  namespaceWildcardCertSelector: undefined,
  externalDomainTls: false,
  clusterLocalDomainTls: false,
  systemInternalTls: false,
  httpProtocol: 'enabled',
  defaultExternalScheme: 'http',
  autocreateClusterDomainClaims: false,
  enableMeshPodAddressability: false,
  meshCompatibilityMode: 'auto',
  externalPort: 0,
  externalTlsPort: 0,
  clusterDomain: 'cluster.local',
};

const onOrOff = ['enabled', 'disabled'] as const;

export function readNetworkConfig(data: ConfigData): Checked<NetworkConfig> {
  const reader = new ConfigReader(data);
  const standard = defaultNetwork;
  const isOn = (...keys: [string, ...string[]]) => reader.choice(keys, onOrOff, 'disabled') === 'enabled';
  const config: NetworkConfig = {
    ingressClass: reader.text(['ingress-class', 'ingress.class'], standard.ingressClass),
    certificateClass: reader.text(['certificate-class', 'certificate.class'], standard.certificateClass),
    domainTemplate: reader.text(['domain-template', 'domainTemplate'], standard.domainTemplate),
    tagTemplate: reader.text(['tag-template', 'tagTemplate'], standard.tagTemplate),
    rolloutDurationSeconds: reader.integer(['rollout-duration', 'rolloutDuration'], standard.rolloutDurationSeconds),
    namespaceWildcardCertSelector: readNamespaceSelector(reader),
    externalDomainTls: isOn('external-domain-tls', 'auto-tls', 'autoTLS'),
    clusterLocalDomainTls: isOn('cluster-local-domain-tls'),
    systemInternalTls: isOn('system-internal-tls', 'internal-encryption'),
    httpProtocol: reader.choice(['http-protocol', 'httpProtocol'], ['enabled', 'redirected', 'disabled'], standard.httpProtocol),
    defaultExternalScheme: reader.choice(
      ['default-external-scheme', 'defaultExternalScheme'],
      ['http', 'https'],
      standard.defaultExternalScheme,
    ),
    autocreateClusterDomainClaims: reader.boolean(
      ['autocreate-cluster-domain-claims', 'autocreateClusterDomainClaims'],
      standard.autocreateClusterDomainClaims,
    ),
    enableMeshPodAddressability: reader.boolean('enable-mesh-pod-addressability', standard.enableMeshPodAddressability),
    meshCompatibilityMode: reader.choice('mesh-compatibility-mode', ['auto', 'enabled', 'disabled'], standard.meshCompatibilityMode),
    externalPort: reader.integer('external-port', standard.externalPort, { most: 65_535 }),
    externalTlsPort: reader.integer('external-tls-port', standard.externalTlsPort, { most: 65_535 }),
    clusterDomain: reader.text('cluster-domain', standard.clusterDomain),
  };
  const check = (key: string, template: string, complaint: string | undefined) => {
    if (complaint !== undefined) reader.complain(key, `invalid value: ${template}, ${complaint}`);
  };
  check('domain-template', config.domainTemplate, hostTemplateComplaint(config.domainTemplate));
  check('tag-template', config.tagTemplate, tagTemplateComplaint(config.tagTemplate));
  return reader.result(config);
}

function readNamespaceSelector(reader: ConfigReader): NamespaceSelector | undefined {
  const key = 'namespace-wildcard-cert-selector';
  const text = reader.text(key);
  if (text === undefined || text.trim() === '') return undefined;
  try {
    const value: unknown = parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // No YAML: the complaint below says what is wanted.
  }
  reader.complain(key, `invalid value: ${text.trim()}, want YAML of a label selector such as "matchLabels: { label: value }"`);
  return undefined;
}
