import { expect, test } from 'vitest';
import { readClientTlsSettings } from './client-tls-settings.ts';
import { SettingsReader } from './settings-reader.ts';

function read(flags: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const reader = new SettingsReader(flags, environment);
  return reader.finish(readClientTlsSettings(reader, 'config-service'));
}

test('nothing given is no TLS', () => {
  expect(read([], { SLUICE_CONFIG_SERVICE_CA: '' })).toEqual({ ok: true, value: undefined, problems: [] });
});

test('an authority is a file, or stands there itself', () => {
  const setting = '--config-service-ca or SLUICE_CONFIG_SERVICE_CA';
  expect(read(['--config-service-ca=/ca.crt'])).toMatchObject({ value: { authority: { kind: 'file', path: '/ca.crt', setting }, serverName: '' } });
  const text = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
  expect(read([], { SLUICE_CONFIG_SERVICE_CA: text, SLUICE_CONFIG_SERVICE_SERVER_NAME: 'mesh.test' })).toMatchObject({ value: { authority: { kind: 'inline', text, setting }, serverName: 'mesh.test' } });
});

test.each([
  [['--config-service-ca=/ca.crt', '--config-service-key=/tls.key'], /^--config-service-certificate .*is required with --config-service-key/],
  [['--config-service-ca=/ca.crt', '--config-service-certificate=/tls.crt'], /^--config-service-key .*is required with --config-service-certificate/],
  [['--config-service-certificate=/tls.crt', '--config-service-key=/tls.key'], /^--config-service-ca .*is required with --config-service-certificate/],
  [['--config-service-server-name=mesh.test'], /^--config-service-ca .*is required with --config-service-server-name/],
])('%s is half of something', (flags, complaint) => {
  const { problems } = read(flags);
  expect(problems.map(({ path, message }) => `${path} ${message}`)).toEqual([expect.stringMatching(complaint)]);
});
