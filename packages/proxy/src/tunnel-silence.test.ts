/** How long tunnels may be silent where streams may be idle for ever. */
import { Buffer } from 'node:buffer';
import { staticClusterJson } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { startSimulatedMesh } from './testing/simulated-mesh.ts';

const host = '10.0.1.1:80';
const fiveMinutes = 300_000;

/** A tunnel to a host that says nothing in it. */
async function openTunnel() {
  const route = { terminatesConnect: true, upgrades: new Map([['CONNECT', true]]) };
  const mesh = await startSimulatedMesh({ hosts: [host], clusters: [staticClusterJson('app', [host])], route, manager: { streamIdleTimeoutMs: 0 } });
  mesh.host(host).status = 0;
  let answer = '';
  let isClosed = false;
  const client = mesh.connect({
    onData: (memory, length) => void (answer += memory.toString('latin1', 0, length)),
    onClose: () => void (isClosed = true),
  });
  const text = 'CONNECT a.test:80 HTTP/1.1\r\nhost: a.test:80\r\n\r\n';
  client.write(Buffer.from(text), 0, text.length);
  await mesh.time.advanceUntil(() => answer.startsWith('HTTP/1.1 200'), 1_000);
  return { mesh, client, isClosed: () => isClosed };
}

test('a whole tunnel may be silent as long as it likes', async () => {
  const { mesh, isClosed } = await openTunnel();
  await mesh.time.advanceUntil(isClosed, 2 * fiveMinutes);
  expect([isClosed(), mesh.proxy.activeStreams]).toEqual([false, 1]);
});

test('half a tunnel that is silent ends after five minutes', async () => {
  const { mesh, client } = await openTunnel();
  const began = mesh.time.now();
  client.end();
  await mesh.time.advanceUntil(() => mesh.proxy.activeStreams === 0, 2 * fiveMinutes);
  expect(mesh.proxy.activeStreams).toBe(0);
  expect(mesh.time.now() - began).toBeGreaterThanOrEqual(fiveMinutes);
  expect(mesh.time.now() - began).toBeLessThan(fiveMinutes + 5_000);
});
