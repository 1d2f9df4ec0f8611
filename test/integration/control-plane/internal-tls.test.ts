/** TLS between gateways, activators and pods, from Secrets to handshakes: who is believed, who is not, and what changes meanwhile. */
import { createTestAuthority } from '@sluice/proxy/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { SecuredMesh, type Authority } from './internal-tls/secured-mesh.ts';

const mesh = new SecuredMesh();
let authority: Authority;

beforeAll(async () => {
  authority = await createTestAuthority();
  await mesh.start(authority);
});

afterAll(() => mesh.stop());

test('a gateway speaks TLS to a pod', async () => {
  const pod = await mesh.startPod(authority);
  await mesh.serve('direct', 'Serve', pod);
  expect(await mesh.get('direct')).toEqual({ status: 200, text: 'hello' });
  expect(pod.heard).toContain('direct.default.localhost');
  expect(mesh.counted('gateway', 'envoy_cluster_ssl_handshake', 'default/direct-00001')).toBeGreaterThan(0);
});

test.each(['http1', 'h2c'] as const)('a gateway speaks TLS to an activator, which asks a pod over TLS whether it is ready, and then sends the request there, by %s', async (protocol) => {
  const pod = await mesh.startPod(authority, 'kn-user-default', protocol);
  const name = `cold-${protocol}`;
  await mesh.serve(name, 'Proxy', pod, { isReady: false, protocol });
  expect(await mesh.get(name)).toEqual({ status: 200, text: 'hello' });
  expect(pod.heard).toContain(`${name}.default.localhost`);
  expect(mesh.counted('activator', 'envoy_cluster_ssl_handshake', `default/${name}-00001`)).toBeGreaterThan(1);
});

test('a pod of another namespace is not believed: 503, by its flag, and counted', async () => {
  const pod = await mesh.startPod(authority, 'kn-user-other');
  await mesh.serve('wrong', 'Serve', pod);
  expect((await mesh.get('wrong')).status).toBe(503);
  await eventually(() => expect(mesh.lines.find((line) => line.includes('wrong.default.localhost'))).toMatch(/ 503 UF /));
  expect(pod.heard).toEqual([]);
  expect(mesh.counted('gateway', 'envoy_cluster_ssl_fail_verify_san', 'default/wrong-00001')).toBeGreaterThan(0);

  // Whom the gateway would take for an activator is none to the activator.
  const posing = await mesh.startPod(authority, 'kn-routing');
  await mesh.serve('posing', 'Proxy', posing);
  expect((await mesh.get('posing')).status).toBe(503);
  expect(posing.heard).toEqual([]);
  expect(mesh.counted('activator', 'envoy_cluster_ssl_fail_verify_san', 'default/posing-00001')).toBeGreaterThan(0);
});

test('certificates and authorities are exchanged, and connections that are there go on', async () => {
  const pod = await mesh.startPod(authority);
  await mesh.serve('lasting', 'Serve', pod);
  await mesh.get('lasting');
  const handshakes = () => mesh.counted('gateway', 'envoy_cluster_ssl_handshake', 'default/lasting-00001');
  const before = handshakes();
  const next = await createTestAuthority();
  // Both are believed, then pods show what the new one has signed, then the old one is no longer believed.
  await mesh.publish(authority, [authority, next]);
  await pod.show(next, 'kn-user-default');
  await mesh.publish(next);
  const fresh = await mesh.startPod(next);
  await mesh.serve('fresh', 'Proxy', fresh);
  await eventually(async () => expect(await mesh.get('fresh')).toEqual({ status: 200, text: 'hello' }));
  expect(await mesh.get('lasting')).toEqual({ status: 200, text: 'hello' });
  expect(handshakes()).toBe(before);

  const stale = await mesh.startPod(authority);
  await mesh.serve('stale', 'Serve', stale);
  expect((await mesh.get('stale')).status).toBe(503);
  expect(mesh.counted('gateway', 'envoy_cluster_ssl_fail_verify_error', 'default/stale-00001')).toBeGreaterThan(0);
});
