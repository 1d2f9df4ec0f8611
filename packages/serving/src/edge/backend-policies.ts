/** BackendTLSPolicy: the Services that gateways speak TLS to, and whom those must prove to be. https://gateway-api.sigs.k8s.io/api-types/backendtlspolicy/ */
import type { BackendTls } from '../serving-model.ts';
import type { BackendTlsPolicy, ObjectReference } from './api/gateway-api.ts';
import { gatewayGroup } from './edge-kinds.ts';
import type { EdgeAncestorStatus, EdgeCondition } from './edge-model.ts';
import type { EdgeSurroundings, PolicyLookup } from './edge-surroundings.ts';
import { isHostname } from './hostnames.ts';

interface Fault {
  readonly reason: string;
  readonly message: string;
}

interface ReadPolicy {
  readonly key: string;
  /** Undefined: connections must fail. */
  readonly tls: BackendTls | undefined;
  /** Why it is not in force at all. */
  refusal: Fault | undefined;
  readonly unresolved: Fault | undefined;
  /** Keys of the Gateways whose routes lead to what it is for. */
  readonly gateways: Set<string>;
}

export class BackendPolicies implements PolicyLookup {
  /** By `namespace/service`, and by `namespace/service#port`. */
  readonly #byTarget = new Map<string, ReadPolicy>();
  readonly #all: ReadPolicy[];
  /** Those that have been asked for since the last `begin`. */
  #asked = new Set<ReadPolicy>();
  /** Who has what somebody else wants too. */
  readonly #rivals: [ReadPolicy, ReadPolicy][] = [];

  /** @param policies the oldest first: of two for the same the first counts */
  constructor(policies: readonly BackendTlsPolicy[], surroundings: Pick<EdgeSurroundings, 'findAuthority'>) {
    this.#all = policies.map((policy) => {
      const read = readPolicy(policy, surroundings);
      const { namespace = '', name: own } = policy.metadata;
      const taken = policy.spec.targetRefs.flatMap(({ group, kind, name, sectionName = '' }) => {
        if ((group ?? '') !== '' || kind !== 'Service') return [];
        const target = `${namespace}/${name}${sectionName === '' ? '' : `#${sectionName}`}`;
        const holder = this.#byTarget.get(target);
        if (!holder) this.#byTarget.set(target, read);
        return holder ? [{ target, holder }] : [];
      });
      const [conflict] = taken;
      if (conflict) {
        read.refusal = { reason: 'Conflicted', message: `${conflict.target} has BackendTLSPolicy "${conflict.holder.key}" already, which is older than "${own}"` };
        // It is told where the other is.
        this.#rivals.push([conflict.holder, read]);
      }
      return read;
    });
  }

  of(namespace: string, service: string, portName: string): BackendTls | 'plain' | 'broken' {
    const policy = this.#byTarget.get(`${namespace}/${service}#${portName}`) ?? this.#byTarget.get(`${namespace}/${service}`);
    if (!policy) return 'plain';
    this.#asked.add(policy);
    return policy.tls ?? 'broken';
  }

  get isEmpty(): boolean {
    return this.#byTarget.size === 0;
  }

  begin(): void {
    this.#asked = new Set();
  }

  attach(gateways: Iterable<string>): void {
    for (const gateway of gateways) for (const policy of this.#asked) policy.gateways.add(gateway);
  }

  statuses(): Map<string, readonly EdgeAncestorStatus[]> {
    for (const [holder, rival] of this.#rivals) for (const gateway of holder.gateways) rival.gateways.add(gateway);
    return new Map(this.#all.map((policy) => [policy.key, [...policy.gateways].sort().map((gateway) => ({ ancestorRef: refOf(gateway), conditions: conditionsOf(policy) }))]));
  }
}

function refOf(gateway: string): ObjectReference {
  const slash = gateway.indexOf('/');
  return { group: gatewayGroup, kind: 'Gateway', namespace: gateway.slice(0, slash), name: gateway.slice(slash + 1) };
}

function conditionsOf({ refusal, unresolved }: ReadPolicy): EdgeCondition[] {
  const said = (type: string, fault: Fault | undefined): EdgeCondition => (fault ? { type, status: 'False', ...fault } : { type, status: 'True', reason: type, message: '' });
  return [said('Accepted', refusal), said('ResolvedRefs', unresolved)];
}

function readPolicy({ metadata, spec }: BackendTlsPolicy, { findAuthority }: Pick<EdgeSurroundings, 'findAuthority'>): ReadPolicy {
  const { namespace = '', name } = metadata;
  const { hostname, subjectAltNames = [], caCertificateRefs = [], wellKnownCACertificates = '' } = spec.validation;
  const refusals: Fault[] = [];
  const unresolved: Fault[] = [];
  const authorities: string[] = [];
  for (const { group = '', kind, name: own } of caCertificateRefs) {
    if (group !== '' || kind !== 'ConfigMap') unresolved.push({ reason: 'InvalidKind', message: `spec.validation.caCertificateRefs: "${own}" is a ${kind}; only ConfigMaps are read` });
    else {
      const found = findAuthority(`${namespace}/${own}`);
      if (found.ok) authorities.push(found.pem);
      else unresolved.push({ reason: 'InvalidCACertificateRef', message: `spec.validation.caCertificateRefs: ConfigMap "${namespace}/${own}" ${found.reason}` });
    }
  }
  const isSystem = caCertificateRefs.length === 0 && wellKnownCACertificates === 'System';
  if (!isSystem && authorities.length === 0) {
    const [first] = unresolved;
    refusals.push(first ? { reason: 'NoValidCACertificate', message: first.message } : { reason: 'Invalid', message: `spec.validation.wellKnownCACertificates: ${JSON.stringify(wellKnownCACertificates)} is not known` });
  }
  if (!isHostname(hostname.toLowerCase()) || hostname.startsWith('*')) refusals.push({ reason: 'Invalid', message: `spec.validation.hostname: ${JSON.stringify(hostname)} is none` });
  const [option] = Object.keys(spec.options ?? {});
  if (option !== undefined) refusals.push({ reason: 'Invalid', message: `spec.options: "${option}" is not known` });
  const names = subjectAltNames.map(({ type, hostname: dns = '', uri = '' }) => (type === 'URI' ? ({ kind: 'uri', value: uri } as const) : ({ kind: 'dns', value: dns.toLowerCase() } as const)));
  const tls: BackendTls = { policy: `${namespace}/${name}`, serverName: hostname, names: names.length === 0 ? [{ kind: 'dns', value: hostname }] : names, authorities: authorities.join('\n') };
  return { key: `${namespace}/${name}`, tls: refusals.length === 0 ? tls : undefined, refusal: refusals[0], unresolved: unresolved[0], gateways: new Set() };
}
