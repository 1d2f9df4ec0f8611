import { connect } from 'node:tls';
import { createSeededRandom, createMeter, systemClock, systemTimers } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { createSystemNetwork } from '@sluice/proxy';
import { createTestAuthority } from '@sluice/proxy/testing';
import { expect, test } from 'vitest';
import { composeQueueProxy } from './compose.ts';
import { readSettings } from './config.ts';
import { createServingTls } from './serving-tls.ts';

const environment = {
  CONTAINER_CONCURRENCY: '0', USER_PORT: '1', REVISION_TIMEOUT_SECONDS: '300', SERVING_LOGGING_CONFIG: '', SERVING_LOGGING_LEVEL: '',
  SERVING_NAMESPACE: 'default', SERVING_CONFIGURATION: 'hello', SERVING_REVISION: 'hello-00001', SERVING_POD: 'pod', SERVING_POD_IP: '127.0.0.1',
  QUEUE_SERVING_PORT: '0', QUEUE_SERVING_TLS_PORT: '0',
};

/** Asks over TLS for a probe's answer; gives it with the name in the certificate, and what was agreed on. */
function ask(port: number, alpn: string): Promise<{ readonly answer: string; readonly subject: string; readonly protocol: string; readonly alpn: string | false | null }> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: [alpn] }, () => {
      const { subject } = socket.getPeerCertificate();
      const protocol = socket.getProtocol() ?? '';
      if (alpn === 'h2') return finish();
      socket.write('GET / HTTP/1.1\r\nhost: x\r\nk-network-probe: probe\r\nk-network-hash: h\r\nconnection: close\r\n\r\n');
      socket.on('data', (bytes) => (answer += bytes.toString('latin1')));
      socket.on('end', finish);
      function finish(): void {
        socket.destroy();
        resolve({ answer, subject: String(subject.CN), protocol, alpn: socket.alpnProtocol });
      }
    });
    socket.on('error', reject);
  });
}

test('the second port speaks TLS 1.3, both versions of HTTP, and takes over a new certificate without a new start', async () => {
  const authority = await createTestAuthority();
  const first = await authority.issue({ dns: ['first'] });
  const second = await authority.issue({ dns: ['second'] });
  let shown = first;
  const time = new SimulatedTime();
  const logger = new RecordingLogger();
  const settings = readSettings([], environment);
  if (!settings.ok) throw new Error('bad settings');
  const network = await createSystemNetwork({ timers: systemTimers, logger, transport: 'events', platform: process.platform, poisonsMemory: true });
  if (!network.tls) throw new Error('no TLS');
  const files = { certificate: 'tls.crt', key: 'tls.key' };
  const transportSocket = createServingTls({ files, settings: settings.value.tls, transport: network.tls, timers: time, logger, readFile: (path) => (path === 'tls.crt' ? shown.certificate : shown.privateKey) });
  const shared = { clock: systemClock, timers: systemTimers, random: createSeededRandom(1), logger, meter: createMeter() };
  const sidecar = composeQueueProxy({ ...shared, settings: settings.value, network, transportSocket });
  await sidecar.start();
  const port = sidecar.proxy.listeners().find(({ name }) => name === 'queue-tls')?.port ?? 0;

  const answered = await ask(port, 'http/1.1');
  expect(answered).toMatchObject({ subject: 'first', protocol: 'TLSv1.3', alpn: 'http/1.1' });
  expect(answered.answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*k-network-hash: h/);
  expect(await ask(port, 'h2')).toMatchObject({ alpn: 'h2' });

  shown = { ...second, privateKey: 'no key' };
  time.advance(60_000);
  expect(await ask(port, 'http/1.1')).toMatchObject({ subject: 'first' });
  expect(logger.events.map(({ event }) => event)).toContain('certificate not exchanged');
  shown = second;
  time.advance(60_000);
  expect(await ask(port, 'http/1.1')).toMatchObject({ subject: 'second' });
  await sidecar.stop();
});
