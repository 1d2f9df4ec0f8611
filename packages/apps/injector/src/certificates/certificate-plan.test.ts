import { beforeAll, describe, expect, test } from 'vitest';
import { bundleOf, defaultCertificateTimes as times, isCurrent, planCertificates, servedPair, type CertificateData, type CertificatePlan } from './certificate-plan.ts';
import { issueCertificate, makeAuthority, type KeyPair } from './issue.ts';

const names = ['sluice-injector.mesh.svc'];
const dayMs = 86_400_000;
const start = Date.UTC(2026, 0, 1);

let [old, young]: KeyPair[] = [];
let [fromOld, fromYoung]: KeyPair[] = [];
beforeAll(async () => {
  old = await makeAuthority('old', start, times.authorityLifetimeMs);
  fromOld = await issueCertificate(old, names, start, times.leafLifetimeMs);
  young = await makeAuthority('young', start + 250 * dayMs, times.authorityLifetimeMs);
  fromYoung = await issueCertificate(young, names, start + 250 * dayMs, times.leafLifetimeMs);
});

const secret = (authorities: (KeyPair | undefined)[], leaf?: KeyPair): CertificateData => ({
  'ca.crt': authorities.map((one) => one?.certificate).join(''),
  'ca.key': authorities[0]?.key ?? '',
  ...(leaf ? { 'tls.crt': leaf.certificate, 'tls.key': leaf.key } : {}),
});

const plan = (data: CertificateData, days: number, more: { isTrusted?: boolean; names?: readonly string[] } = {}): CertificatePlan =>
  planCertificates({ data, names, nowMs: start + days * dayMs, isTrusted: true, times, ...more });

describe('what is to be done about certificates', () => {
  test('begins with an authority, by which a certificate is issued at once', () => {
    expect(plan({}, 0)).toEqual({ kind: 'make-authority' });
    expect(plan(secret([old]), 0, { isTrusted: false })).toEqual({ kind: 'issue' });
  });

  test('is nothing until a day before the certificate ends', () => {
    expect(plan(secret([old], fromOld), 0)).toEqual({ kind: 'rest', untilMs: start + 6 * dayMs });
    expect(plan(secret([old], fromOld), 6.5)).toEqual({ kind: 'issue' });
  });

  test('is to make another authority months before the old one ends, beside it', async () => {
    const leaf = await issueCertificate(old as KeyPair, names, start + 245 * dayMs, times.leafLifetimeMs);
    expect(plan(secret([old], leaf), 246)).toEqual({ kind: 'make-authority' });
  });

  test('leaves the new authority unused until it is trusted, but lets nothing run out for that', async () => {
    const leaf = await issueCertificate(old as KeyPair, names, start + 250 * dayMs, times.leafLifetimeMs);
    const both = secret([young, old], leaf);
    expect(plan(both, 250, { isTrusted: false }).kind).toBe('rest');
    expect(plan(both, 250)).toEqual({ kind: 'issue' });
    expect(plan(both, 256.9, { isTrusted: false })).toEqual({ kind: 'issue' });
    expect(plan(secret([young, old], fromYoung), 250, { isTrusted: false }).kind).toBe('rest');
  });

  test.each([
    ['whose key is another’s', () => secret([old], { certificate: fromOld?.certificate ?? '', key: fromYoung?.key ?? '' })],
    ['for another name', () => secret([old], fromOld)],
    ['that nobody listed has signed', () => secret([old], fromYoung)],
    ['that is no certificate', () => secret([old], { certificate: 'x', key: 'y' })],
  ])('is to replace a certificate %s', (why, data) => {
    const more = why.includes('name') ? { names: ['other.mesh.svc'] } : {};
    expect(plan(data(), 1, more)).toEqual({ kind: 'issue' });
  });

  test.each([
    ['whose key is gone', () => ({ ...secret([old], fromOld), 'ca.key': '' })],
    ['that cannot be read', () => ({ ...secret([old], fromOld), 'ca.crt': 'x' })],
  ])('is to replace an authority %s', (_why, data) => {
    expect(plan(data(), 1)).toEqual({ kind: 'make-authority' });
  });
});

describe('what a Secret holds', () => {
  test('is served while it is good', () => {
    const data = secret([old], fromOld);
    expect(servedPair(data, names, start)).toEqual(fromOld);
    expect(servedPair(data, names, start + 7 * dayMs)).toBeUndefined();
    expect(servedPair(data, ['other'], start)).toBeUndefined();
    expect(servedPair({}, names, start)).toBeUndefined();
  });

  test('is trusted as far as it is not over, and a bundle that holds it is left alone', () => {
    const data = secret([young, old]);
    const [both, one] = [bundleOf(data, start + 300 * dayMs), bundleOf(data, start + 365 * dayMs)];
    expect([both.match(/BEGIN/g)?.length, one]).toEqual([2, young?.certificate]);
    expect(isCurrent(both, one, start + 300 * dayMs)).toBe(true);
    expect(isCurrent(one, both, start + 300 * dayMs)).toBe(false);
    expect(isCurrent(both, one, start + 365 * dayMs)).toBe(false);
  });
});
