/** Certificates that Routes need, what they make of those they get, and how ours are made. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Certificate } from '../api/certificate.ts';
import type { Condition } from '../api/object.ts';
import { defaultServingConfig, type ServingConfig } from '../config/serving-config.ts';
import { aRoute } from '../testing/index.ts';
import { issuePair, judgePair, makeAuthorityPair, readAuthority, type Ingredients, type SigningAuthority } from './issue-certificate.ts';
import { namespaceCertificate } from './namespace-certificate.ts';
import { obtainedTls, tlsNotEnabled, type ObtainedCertificate } from './obtained-certificates.ts';
import { coveringWildcard, routeCertificates } from './route-certificates.ts';
import { formatTls, parseTls, tlsAnnotation } from './tls-annotation.ts';

const secured: ServingConfig = {
  ...defaultServingConfig,
  domain: { domains: [{ name: 'example.com', selector: {} }] },
  network: { ...defaultServingConfig.network, externalDomainTls: true },
};
const inNetwork = (network: Partial<ServingConfig['network']>): ServingConfig => ({ ...secured, network: { ...secured.network, ...network } });
const uid = '51cd5fdb-6e6f-4cbb-b8d1-bb1d1f4b58a1';
const route = aRoute('hello', [], { uid });
const namesOf = (config: ServingConfig, tags: readonly string[] = [], of = route) =>
  routeCertificates(of, tags, config).map(({ desired: { metadata, spec } }) => [metadata.name, ...spec.dnsNames]);

describe('a Route needs', () => {
  test('one for each host outside, under Knative’s names', () => {
    expect(namesOf(secured, ['next'])).toEqual([
      [`route-${uid}`, 'hello.default.example.com'],
      // Adler-32 of `next`.
      [`route-${uid}-72286656`, 'next-hello.default.example.com'],
    ]);
    expect(routeCertificates(route, [], secured)[0]?.desired).toMatchObject({
      metadata: {
        namespace: 'default',
        labels: { 'serving.knative.dev/route': 'hello', 'networking.knative.dev/certificate-type': 'external-domain' },
        annotations: { 'networking.knative.dev/certificate-class': 'sluice.certificate.networking.knative.dev' },
        ownerReferences: [{ kind: 'Route', name: 'hello', uid, controller: true }],
      },
      spec: { domain: 'example.com', secretName: `route-${uid}` },
    });
  });

  test('one for its names in the cluster', () => {
    expect(namesOf(inNetwork({ externalDomainTls: false, clusterLocalDomainTls: true }))).toEqual([
      [`route-${uid}-local`, 'hello.default', 'hello.default.svc', 'hello.default.svc.cluster.local'],
    ]);
  });

  test('none where the cluster makes none, where it wants none, and where nobody outside sees it', () => {
    expect(namesOf(defaultServingConfig)).toEqual([]);
    expect(namesOf(secured, [], aRoute('hello', [], { annotations: { 'networking.knative.dev/disable-external-domain-tls': 'true' } }))).toEqual([]);
    expect(namesOf(secured, [], aRoute('hello', [], { labels: { 'networking.knative.dev/visibility': 'cluster-local' } }))).toEqual([]);
  });

  test('one of the class that it names', () => {
    const named = aRoute('hello', [], { annotations: { 'networking.knative.dev/certificate.class': 'acme.example' } });
    expect(routeCertificates(named, [], secured)[0]?.desired.metadata.annotations).toMatchObject({ 'networking.knative.dev/certificate-class': 'acme.example' });
  });
});

describe('one for a whole namespace', () => {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', uid: 'n', labels: { tier: 'web' } } };
  const selector = { matchLabels: { tier: 'web' }, matchExpressions: [{ key: 'off', operator: 'DoesNotExist' }] };

  test('is for all names there, where the cluster selects it', () => {
    const made = namespaceCertificate(namespace, inNetwork({ namespaceWildcardCertSelector: selector }));
    expect(made).toMatchObject({
      metadata: { name: 'default.example.com', namespace: 'default', labels: { 'networking.knative.dev/wildcardDomain': 'example.com' } },
      spec: { dnsNames: ['*.default.example.com'], domain: 'example.com', secretName: 'default.example.com' },
    });
    const [wanted] = routeCertificates(route, [], secured);
    if (!made || !wanted) throw new Error('nothing made');
    expect(coveringWildcard(wanted.desired, [made])).toBe(made);
    const deeper = { ...wanted.desired, spec: { ...wanted.desired.spec, dnsNames: ['a.hello.default.example.com'] } };
    expect(coveringWildcard(deeper, [made])).toBeUndefined();
  });

  test.each([
    ['is not selected', { namespaceWildcardCertSelector: { matchLabels: { tier: 'data' } } }],
    ['is selected by a word nobody knows', { namespaceWildcardCertSelector: { matchExpressions: [{ key: 'tier', operator: 'Like' }] } }],
    ['has names that no wildcard covers', { namespaceWildcardCertSelector: selector, domainTemplate: '{{.Namespace}}.{{.Name}}.{{.Domain}}' }],
    ['is in a cluster without a selector', {}],
    ['is in a cluster that makes none', { namespaceWildcardCertSelector: selector, externalDomainTls: false }],
  ])('is not made where it %s', (_, network) => {
    expect(namespaceCertificate(namespace, inNetwork(network))).toBeUndefined();
  });
});

describe('what is obtained', () => {
  const actual = (condition?: Partial<Condition>): Certificate => ({
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'Certificate',
    metadata: { name: 'c', namespace: 'default', generation: 1 },
    spec: { dnsNames: ['a.example.com'], secretName: 's' },
    ...(condition ? { status: { observedGeneration: 1, conditions: [{ type: 'Ready', status: 'Unknown', ...condition }] } } : {}),
  });
  const one = (given: ObtainedCertificate['actual'], isClusterLocal = false): ObtainedCertificate => ({ name: 'c', dnsNames: ['a.example.com'], actual: given, isClusterLocal });
  const read = (obtained: readonly ObtainedCertificate[], httpProtocol: 'enabled' | 'redirected' = 'enabled') => {
    const { mark, tls, isSecure } = obtainedTls(obtained, { httpProtocol }, tlsNotEnabled);
    return [mark.status, mark.reason, isSecure('a.example.com'), tls.length];
  };

  test('says how it is, in Knative’s words', () => {
    expect(read([])).toEqual(['True', 'TLSNotEnabled', false, 0]);
    expect(read([one(actual({ status: 'True' }))])).toEqual(['True', undefined, true, 1]);
    expect(read([one(actual())])).toEqual(['True', 'HTTPDowngrade', false, 0]);
    expect(read([one(actual())], 'redirected')).toEqual(['Unknown', 'CertificateNotReady', true, 0]);
    expect(read([one(actual(), true)])).toEqual(['Unknown', 'CertificateNotReady', false, 0]);
    expect(read([one(actual({ status: 'False', reason: 'Denied' }))])).toEqual(['False', 'CertificateProvisionFailed', true, 0]);
    expect(read([one('not-owned')])).toEqual(['False', 'CertificateNotOwned', false, 0]);
    expect(obtainedTls([one(actual({ status: 'False', reason: 'Denied' }))], { httpProtocol: 'enabled' }, tlsNotEnabled).mark.message).toBe('Certificate c fails to be provisioned: Denied.');
  });

  test('of several, the worst speaks', () => {
    expect(read([one(actual({ status: 'True' })), one('not-owned')])).toEqual(['False', 'CertificateNotOwned', true, 1]);
  });

  test('counts for nothing while it speaks of an older wish', () => {
    const older = actual({ status: 'True' });
    expect(read([one({ ...older, metadata: { ...older.metadata, generation: 2 } })])).toEqual(['True', 'HTTPDowngrade', false, 0]);
  });

  test('is told in the status of a Route, and read again', () => {
    const { tls } = obtainedTls([one(actual({ status: 'True' }))], { httpProtocol: 'enabled' }, tlsNotEnabled);
    expect(parseTls({ [tlsAnnotation]: formatTls(tls) })).toEqual([{ hosts: ['a.example.com'], secretName: 's', secretNamespace: 'default' }]);
    expect(parseTls({ [tlsAnnotation]: '[{"hosts":[1]},null]' })).toEqual([]);
    expect(parseTls({ [tlsAnnotation]: 'no' })).toEqual([]);
  });
});

describe('one of ours', () => {
  const now = Date.UTC(2026, 5, 1);
  const dayMs = 86_400_000;
  const ingredients = (): Ingredients => ({ keys: generateKeyPairSync('ec', { namedCurve: 'P-256' }), serialNumber: Buffer.from([0xff, 1, 2]) });
  const authorityOf = (pair: Parameters<typeof readAuthority>[0]): SigningAuthority => {
    const read = readAuthority(pair);
    if (typeof read === 'string') throw new Error(read);
    return read;
  };
  const root = authorityOf(makeAuthorityPair(ingredients(), now));

  test('is signed by the authority, for its names, and ends after 90 days', () => {
    const pair = issuePair(['a.example.com', 'b.example.com'], root, ingredients(), now);
    const certificate = new X509Certificate(pair.certificateChain);
    const signer = new X509Certificate(root.certificate);
    expect(certificate.checkIssued(signer) && certificate.verify(signer.publicKey)).toBe(true);
    expect(certificate.checkHost('b.example.com')).toBe('b.example.com');
    expect(certificate.checkHost('c.example.com')).toBeUndefined();
    expect(certificate.ca).toBe(false);
    expect(certificate.subject).toBe('CN=a.example.com');
    expect(certificate.validToDate.getTime()).toBe(now + 90 * dayMs);
    expect(certificate.validFromDate.getTime()).toBe(now - 3_600_000);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(pair.certificateChain.match(/BEGIN/g)).toHaveLength(1);
  });

  test('with a first name too long for a subject has its names alone', () => {
    const long = `${'a'.repeat(60)}.default.example.com`;
    const certificate = new X509Certificate(issuePair([long], root, ingredients(), now).certificateChain);
    expect(certificate.subject ?? '').toBe('');
    expect(certificate.checkHost(long)).toBe(long);
  });

  test.each(['rsa', 'ed25519'] as const)('may be signed by an authority of %s', (type) => {
    const keys = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
    const authority = authorityOf(makeAuthorityPair({ keys, serialNumber: Buffer.from([7]) }, now));
    const certificate = new X509Certificate(issuePair(['a.example.com'], authority, ingredients(), now).certificateChain);
    expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  });

  test('lasts beyond 2049 where it must', () => {
    const certificate = new X509Certificate(makeAuthorityPair(ingredients(), Date.UTC(2045, 0, 1)).certificateChain);
    expect(certificate.validToDate.getUTCFullYear()).toBe(2054);
  });

  test('will do until its last third, for the same names, by the same authority', () => {
    const pair = issuePair(['a.example.com', '*.b.example.com'], root, ingredients(), now);
    const judge = (more: { names?: string[]; by?: SigningAuthority; atMs?: number }) =>
      judgePair(pair, more.names ?? ['*.b.example.com', 'a.example.com'], more.by ?? root, more.atMs ?? now);
    expect(judge({})).toEqual({ kind: 'good', notAfterMs: now + 90 * dayMs, renewAtMs: now + 60 * dayMs });
    expect(judge({ atMs: now + 60 * dayMs })).toEqual({ kind: 'renew', why: 'it ends soon' });
    expect(judge({ names: ['a.example.com'] })).toEqual({ kind: 'renew', why: 'it is for other names' });
    expect(judge({ by: authorityOf(makeAuthorityPair(ingredients(), now)) })).toEqual({ kind: 'renew', why: 'another authority has signed it' });
    expect(judgePair(undefined, [], root, now)).toEqual({ kind: 'renew', why: 'there is none' });
    expect(judgePair({ ...pair, privateKey: 'no key' }, [], root, now)).toMatchObject({ kind: 'renew' });
  });

  test('is not signed by what is no authority', () => {
    expect(readAuthority(issuePair(['a.example.com'], root, ingredients(), now))).toBe('data["tls.crt"] is no authority’s');
    expect(readAuthority({ certificateChain: '', privateKey: '' })).toBe('data["tls.crt"] holds no certificate in PEM');
  });
});
