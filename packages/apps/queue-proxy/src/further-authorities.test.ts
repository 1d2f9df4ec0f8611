import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { RecordingLogger } from '@sluice/kernel/testing';
import { createTestAuthority } from '@sluice/proxy/testing';
import { afterEach, expect, test } from 'vitest';
import { believeFurther } from './further-authorities.ts';

const before = getCACertificates('default');
afterEach(() => setDefaultCACertificates(before));

const fingerprints = (certificates: readonly string[]): readonly string[] => [...new Set(certificates.map((pem) => new X509Certificate(pem).fingerprint256))].toSorted();

/** What is wrong with who answers there; undefined when nothing is. */
function faultOf(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'otel.test' }, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on('error', ({ message }) => resolve(message));
  });
}

test('who is vouched for by an authority of the cluster is believed, and all others as before', async () => {
  const authority = await createTestAuthority();
  const { certificate, privateKey } = await authority.issue({ dns: ['otel.test'] });
  const server = createServer({ cert: certificate, key: privateKey });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const logger = new RecordingLogger();
  expect(await faultOf(port)).toMatch(/unable to (?:verify|get)|self.signed/);
  believeFurther('-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n', logger);
  expect(logger.events.map(({ event }) => event)).toEqual(['authorities not believed']);
  believeFurther(authority.certificate, logger);
  expect(await faultOf(port)).toBeUndefined();
  // Compared by what they are: their texts may come back in other lines, and none twice.
  expect(fingerprints(getCACertificates('default'))).toEqual(fingerprints([...before, authority.certificate]));
  server.close();
});
