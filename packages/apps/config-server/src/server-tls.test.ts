import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLogger } from '@sluice/kernel/testing';
import { tlsPair } from '@sluice/serving/testing';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { followServerTls } from './server-tls.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-server-tls-'));
const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), clientCertificateAuthority: join(folder, 'ca.crt') };
afterAll(() => rmSync(folder, { recursive: true }));

const certificate = Buffer.from(tlsPair['tls.crt'], 'base64').toString();
const privateKey = Buffer.from(tlsPair['tls.key'], 'base64').toString();

beforeEach(() => {
  writeFileSync(files.certificate, certificate);
  writeFileSync(files.key, privateKey);
  writeFileSync(files.clientCertificateAuthority, certificate);
});

test('files are followed, through a moment in which they do not fit each other', () => {
  const logger = new RecordingLogger();
  const look = followServerTls(files, logger);
  const given = look();
  expect(given).toEqual({ certificateChain: certificate, privateKey, clientCertificateAuthorities: certificate });
  expect(look()).toBe(given);

  writeFileSync(files.key, privateKey.slice(0, 60));
  writeFileSync(files.clientCertificateAuthority, certificate.repeat(2));
  expect([look(), look()]).toEqual([given, given]);
  expect(logger.events.filter(({ event }) => event === 'certificate not exchanged')).toHaveLength(1);
  writeFileSync(files.key, privateKey);
  expect(look()).toEqual({ ...given, clientCertificateAuthorities: certificate.repeat(2) });
});

test('what cannot be used at the start is told by its flag and file', () => {
  writeFileSync(files.clientCertificateAuthority, 'nonsense');
  expect(() => followServerTls(files, new RecordingLogger())).toThrow(`--tls-client-ca: ${files.clientCertificateAuthority} holds no certificate that can be read`);
  writeFileSync(files.certificate, 'nonsense');
  expect(() => followServerTls(files, new RecordingLogger())).toThrow(/^--tls-certificate: .* must be a certificate and its own key in PEM$/);
});
