import { describe, expect, test } from 'vitest';
import type { DomainMapping } from '../api/domain-mapping.ts';
import { defaultNetwork } from '../config/network-config.ts';
import { describeProblems } from '../validation/field-problem.ts';
import { defaultDomainMapping } from './default-domain-mapping.ts';
import { domainMappingStatus, type DomainMappingFacts } from './domain-mapping-status.ts';
import { makeDomainIngress } from './make-domain-ingress.ts';
import { resolveReference } from './resolve-reference.ts';
import { validateDomainMapping } from './validate-domain-mapping.ts';

const ref = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'hello', namespace: 'shop' };
const now = '2026-01-01T00:00:00Z';

function mapping(metadata: object = {}, spec: object = {}): DomainMapping {
  return {
    apiVersion: 'serving.knative.dev/v1beta1',
    kind: 'DomainMapping',
    metadata: { name: 'www.example.org', namespace: 'shop', uid: 'u', generation: 1, ...metadata },
    spec: { ref, ...spec },
  };
}

describe('a mapping is refused', () => {
  const complaints = (given: DomainMapping) => describeProblems(validateDomainMapping(given, 'cluster.local')).split('\n');

  test('without a host of its own', () => {
    expect(complaints(mapping({ name: '', generateName: 'some' }))).toEqual([
      'invalid name "": name: Required value: metadata.name',
      'must not set the field(s): metadata.generateName',
    ]);
    expect(complaints(mapping({ name: 'www' }))[0]).toBe(
      'invalid name "www": name: Invalid value: "www": should be a domain with at least two segments separated by dots: metadata.name',
    );
    expect(complaints(mapping({ name: 'WWW.example.org' }))[0]).toMatch(/^invalid name "WWW.example.org": name: Invalid value/);
  });

  test('for a host of the cluster', () => {
    expect(complaints(mapping({ name: 'hello.shop.svc.cluster.local' }))).toEqual([
      'invalid name "hello.shop.svc.cluster.local": must not be a subdomain of cluster local domain "cluster.local": metadata.name',
    ]);
  });

  test('when it does not say what it leads to, or leads elsewhere', () => {
    expect(complaints(mapping({}, { ref: {} }))).toEqual([
      'missing field(s): spec.ref.apiVersion',
      'missing field(s): spec.ref.kind',
      'missing field(s): spec.ref.name',
    ]);
    expect(complaints(mapping({}, { ref: { ...ref, namespace: 'other' } }))).toEqual([
      'mismatched namespaces: spec.ref.namespace',
      'parent namespace: "shop" does not match ref: "other"',
    ]);
    expect(complaints(mapping({}, { tls: {} }))).toEqual(['missing field(s): spec.tls.secretName']);
  });

  test('and not when it is right', () => {
    expect(complaints(mapping())).toEqual(['']);
  });
});

test('what it leads to is in its own namespace', () => {
  const { namespace: _, ...open } = ref;
  expect(defaultDomainMapping(mapping({}, { ref: open })).spec.ref).toEqual(ref);
});

describe('what it leads to', () => {
  const domain = 'cluster.local';
  const inGo = '&ObjectReference{Kind:Service,Namespace:shop,Name:hello,UID:,APIVersion:serving.knative.dev/v1,ResourceVersion:,FieldPath:,}';
  const found = (status: object) => resolveReference(mapping(), { kind: 'found', object: { status } }, domain);
  const at = (url?: string) => found(url === undefined ? {} : { address: { url } });

  test('is the host in the cluster', () => {
    expect(at('http://hello.shop.svc.cluster.local')).toEqual({ kind: 'resolved', host: 'hello.shop.svc.cluster.local', service: 'hello', port: 80 });
    expect(at('https://hello.shop.svc.cluster.local')).toMatchObject({ port: 443 });
  });

  test('is the one of several addresses that is meant, or the first', () => {
    const addresses = [{ name: 'a', url: 'http://one.shop.svc.cluster.local' }, { name: 'b', url: 'http://other.shop.svc.cluster.local' }];
    expect(found({ addresses })).toMatchObject({ service: 'one' });
    expect(found({ addresses, address: { name: 'b' } })).toMatchObject({ service: 'other' });
    expect(found({ addresses, address: { name: 'c' } })).toMatchObject({ message: `address with name c cannot be found/resolved for ${inGo}` });
  });

  test.each<[string | undefined, string]>([
    [undefined, `address not set for ${inGo}`],
    ['', `URL missing in address of ${inGo}`],
    ['/x', `hostname missing in address of ${inGo}`],
    ['http://hello.shop.svc.cluster.local/x', 'resolved URI "http://hello.shop.svc.cluster.local/x" contains a path'],
    ['http://hello.example.org', 'resolved URI "http://hello.example.org" must be of the form {name}.{namespace}.svc.cluster.local'],
    ['http://hello.other.svc.cluster.local', 'resolved URI "http://hello.other.svc.cluster.local" must be in same namespace as DomainMapping'],
  ])('cannot be %s', (url, message) => expect(at(url)).toEqual({ kind: 'failed', message }));

  test('is there, and of a kind that can be read', () => {
    expect(resolveReference(mapping(), { kind: 'missing' }, domain)).toEqual({ kind: 'failed', message: 'failed to get object shop/hello: services.serving.knative.dev "hello" not found' });
    const policy = mapping({}, { ref: { apiVersion: 'flows.example.org/v1', kind: 'Policy', name: 'p', namespace: 'shop' } });
    expect(resolveReference(policy, { kind: 'unreadable', why: 'forbidden' }, domain)).toEqual({ kind: 'failed', message: 'failed to get lister for flows.example.org/v1, Resource=policies: forbidden' });
  });

  test('may be a Service of Kubernetes, by its name alone', () => {
    const plain = mapping({}, { ref: { apiVersion: 'v1', kind: 'Service', name: 'web', namespace: 'shop' } });
    expect(resolveReference(plain, { kind: 'missing' }, domain)).toEqual({ kind: 'resolved', host: 'web.shop.svc.cluster.local', service: 'web', port: 80 });
  });
});

describe('its Ingress', () => {
  const target = { host: 'hello.shop.svc.cluster.local', service: 'hello', port: 80 };

  test('leads the host there, and tells the program what it was called by', () => {
    expect(makeDomainIngress(mapping(), target, defaultNetwork).spec).toEqual({
      httpOption: 'Enabled',
      rules: [
        {
          hosts: ['www.example.org'],
          visibility: 'ExternalIP',
          http: {
            paths: [
              {
                rewriteHost: 'hello.shop.svc.cluster.local',
                appendHeaders: { 'K-Original-Host': 'www.example.org' },
                splits: [{ serviceNamespace: 'shop', serviceName: 'hello', servicePort: 80, percent: 100 }],
              },
            ],
          },
        },
      ],
    });
  });

  test('has the certificate that is given, and sends plain HTTP there where it is asked to', () => {
    const given = mapping({ annotations: { 'networking.knative.dev/http-protocol': 'Redirected' } }, { tls: { secretName: 'cert' } });
    expect(makeDomainIngress(given, target, defaultNetwork).spec).toMatchObject({
      tls: [{ hosts: ['www.example.org'], secretName: 'cert', secretNamespace: 'shop' }],
      httpOption: 'Redirected',
    });
    // Without a certificate there is no HTTPS to send anybody to.
    expect(makeDomainIngress(mapping(), target, { ...defaultNetwork, httpProtocol: 'redirected' }).spec.httpOption).toBe('Enabled');
  });

  test.each(['http-protocol', 'http-option', 'httpOption'])('is told by networking.knative.dev/%s', (name) => {
    const given = mapping({ annotations: { [`networking.knative.dev/${name}`]: 'redirected' } }, { tls: { secretName: 'cert' } });
    expect(makeDomainIngress(given, target, defaultNetwork).spec.httpOption).toBe('Redirected');
  });

  test('is of the class that the mapping or the cluster says', () => {
    const classOf = (given: DomainMapping) =>
      makeDomainIngress(given, target, { ...defaultNetwork, ingressClass: 'theirs' }).metadata.annotations?.['networking.knative.dev/ingress-class'];
    expect(classOf(mapping())).toBe('theirs');
    expect(classOf(mapping({ annotations: { 'networking.knative.dev/ingress-class': 'own' } }))).toBe('own');
  });
});

describe('its conditions', () => {
  const claim = { apiVersion: 'x', kind: 'ClusterDomainClaim', metadata: { name: 'www.example.org' }, spec: { namespace: 'shop' } };
  const base: DomainMappingFacts = { mapping: mapping(), claim, reference: { kind: 'resolved', host: 'h', service: 's', port: 80 }, ingress: undefined, now };
  const told = (facts: Partial<DomainMappingFacts>, type: string) => {
    const { status, reason = '' } = domainMappingStatus({ ...base, ...facts }).conditions?.find((condition) => condition.type === type) ?? {};
    return `${status} ${reason}`.trim();
  };
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: now } as const;
  const ingress = { ...makeDomainIngress(mapping(), { host: 'h', service: 's', port: 80 }, defaultNetwork), status: { conditions: [ready] } };

  test('all together make it ready', () => {
    expect(told({ ingress }, 'Ready')).toBe('True');
    expect(domainMappingStatus({ ...base, ingress })).toMatchObject({ url: 'http://www.example.org', address: { url: 'http://www.example.org' }, observedGeneration: 1 });
  });

  test.each<[Partial<DomainMappingFacts>, string, string]>([
    [{ claim: undefined }, 'DomainClaimed', 'False DomainClaimFailed'],
    [{ claim: { ...claim, spec: { namespace: 'other' } } }, 'DomainClaimed', 'False DomainClaimNotOwned'],
    [{ reference: { kind: 'failed', message: 'x' } }, 'ReferenceResolved', 'False ResolveFailed'],
    [{ reference: undefined }, 'ReferenceResolved', 'Unknown'],
    [{ ingress: 'not-owned' }, 'IngressReady', 'False NotOwned'],
    [{}, 'IngressReady', 'Unknown IngressNotConfigured'],
    [{}, 'CertificateProvisioned', 'True TLSNotEnabled'],
    [{ mapping: mapping({}, { tls: { secretName: 'c' } }) }, 'CertificateProvisioned', 'True CertificateExternallyProvided'],
  ])('%j: %s is %s', (facts, type, expected) => expect(told(facts, type)).toBe(expected));
});
