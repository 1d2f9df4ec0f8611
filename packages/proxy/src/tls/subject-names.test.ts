import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { TestAuthority } from '../testing/certificates.ts';
import { commonNameOf, formatSubject, isDnsNameFor, subjectNamesOf } from './subject-names.ts';

test('names of all kinds are found, also those that look like several', async () => {
  const authority = await TestAuthority.create();
  const { certificate } = await authority.issue({
    subject: 'CN=a, O=b',
    dns: ['a.test', '*.b.test'],
    uri: ['spiffe://test/ns/a', 'https://a.test/x, DNS:evil.test'],
    ip: ['10.0.0.1'],
    email: ['a@b.test'],
  });
  const parsed = new X509Certificate(certificate);
  expect(subjectNamesOf(parsed)).toEqual([
    { type: 'DNS', value: 'a.test' },
    { type: 'DNS', value: '*.b.test' },
    { type: 'URI', value: 'spiffe://test/ns/a' },
    { type: 'URI', value: 'https://a.test/x, DNS:evil.test' },
    { type: 'IP_ADDRESS', value: '10.0.0.1' },
    { type: 'EMAIL', value: 'a@b.test' },
  ]);
  expect(commonNameOf(parsed)).toBe('a');
  expect(formatSubject(parsed.subject)).toBe('O=b,CN=a');
});

test.each([
  ['a.test', 'A.test', true],
  ['*.a.test', 'b.a.test', true],
  ['*.a.test', 'c.b.a.test', false],
  ['*.a.test', 'a.test', false],
  ['*.test', 'a.test', false],
  ['b*.a.test', 'bc.a.test', false],
  ['*.a.test', '.a.test', false],
])('%s is for %s: %s', (pattern, name, expected) => {
  expect(isDnsNameFor(pattern, name)).toBe(expected);
});
