import { createSeededRandom } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { askGateway } from './ask-gateway.ts';
import { GatewayProber, type ProbeAnswer, type ProbedContent } from './gateway-prober.ts';

function start() {
  const time = new SimulatedTime();
  const pods = { external: ['10.0.0.1', '10.0.0.2'], internal: ['10.0.0.1'] };
  const asked: string[] = [];
  const ready: string[] = [];
  /** By pod; what it answers. */
  const answers = new Map<string, ProbeAnswer>();
  const prober = new GatewayProber({
    targets: (isExternal) => (isExternal ? pods.external : pods.internal).map((address) => ({ address, port: isExternal ? 80 : 81 })),
    ask: async ({ address, port }, host) => {
      asked.push(`${address}:${port} ${host}`);
      return answers.get(address) ?? { kind: 'answer', status: 200, hash: 'new' };
    },
    timers: time,
    random: createSeededRandom(1),
    onReady: (owner, hash) => ready.push(`${owner} ${hash}`),
  });
  return { time, pods, asked, ready, answers, prober };
}

const content = (hash = 'new'): ProbedContent => ({ hash, hosts: [{ host: 'a.example.com', isExternal: true }, { host: 'a.default.svc', isExternal: false }] });

test('every pod is asked for the first host of each rule, where that host is served', async () => {
  const { time, asked, ready, prober } = start();
  prober.probe('Ingress default/a', content());
  await time.advanceAsync(1);
  expect(asked).toEqual(['10.0.0.1:80 a.example.com', '10.0.0.2:80 a.example.com', '10.0.0.1:81 a.default.svc']);
  expect(ready).toEqual(['Ingress default/a new']);
});

test.each<[string, ProbeAnswer]>([
  ['an older content', { kind: 'answer', status: 200, hash: 'old' }],
  ['no such host', { kind: 'answer', status: 404, hash: '' }],
  ['not yet', { kind: 'answer', status: 503, hash: '' }],
  ['nothing', { kind: 'none' }],
])('a pod that answers %s is asked again, less and less often, and those that have answered are not', async (_, answer) => {
  const { time, asked, ready, answers, prober } = start();
  answers.set('10.0.0.2', answer);
  prober.probe('Ingress default/a', content());
  await time.advanceAsync(1_000);
  expect(ready).toEqual([]);
  expect(asked.filter((text) => text.startsWith('10.0.0.1:80'))).toHaveLength(1);
  expect(asked.filter((text) => text.startsWith('10.0.0.2:80'))).toHaveLength(5);
  answers.delete('10.0.0.2');
  await time.advanceAsync(1_000);
  expect(ready).toEqual(['Ingress default/a new']);
});

test.each<[string, ProbeAnswer]>([
  ['a redirect', { kind: 'answer', status: 301, hash: '' }],
  ['something without a hash', { kind: 'answer', status: 200, hash: '' }],
])('a pod that answers %s has it', async (_, answer) => {
  const { time, ready, answers, prober } = start();
  answers.set('10.0.0.2', answer);
  prober.probe('Ingress default/a', content());
  await time.advanceAsync(1);
  expect(ready).toHaveLength(1);
});

test('a pod that goes is waited for no longer, and one that comes is asked too', async () => {
  const { time, pods, ready, answers, prober } = start();
  answers.set('10.0.0.2', { kind: 'none' });
  prober.probe('Ingress default/a', content());
  await time.advanceAsync(1);
  answers.set('10.0.0.3', { kind: 'none' });
  pods.external = ['10.0.0.1', '10.0.0.3'];
  await time.advanceAsync(1_000);
  expect(ready).toEqual([]);
  pods.external = ['10.0.0.1'];
  await time.advanceAsync(2_000);
  expect(ready).toHaveLength(1);
});

test('content that has changed, or gone, is asked for no more', async () => {
  const { time, asked, ready, answers, prober } = start();
  answers.set('10.0.0.2', { kind: 'answer', status: 200, hash: 'newer' });
  prober.probe('Ingress default/a', content('new'));
  await time.advanceAsync(1);
  answers.set('10.0.0.1', { kind: 'answer', status: 200, hash: 'newer' });
  prober.probe('Ingress default/a', content('newer'));
  await time.advanceAsync(1);
  expect(ready).toEqual(['Ingress default/a newer']);
  answers.set('10.0.0.1', { kind: 'none' });
  prober.probe('Ingress default/a', content('newest'));
  prober.cancel('Ingress default/a');
  await time.advanceAsync(1);
  asked.length = 0;
  await time.advanceAsync(60_000);
  expect(asked).toEqual([]);
});

test('no more than fifteen are asked at once', async () => {
  const time = new SimulatedTime();
  let [now, most] = [0, 0];
  const ready: string[] = [];
  const prober = new GatewayProber({
    targets: () => Array.from({ length: 100 }, (_, index) => ({ address: `10.0.1.${index}`, port: 80 })),
    ask: () =>
      new Promise((resolve) => {
        most = Math.max(most, (now += 1));
        time.after(10, () => {
          now -= 1;
          resolve({ kind: 'answer', status: 200, hash: 'new' });
        });
      }),
    timers: time,
    random: createSeededRandom(1),
    onReady: (owner) => ready.push(owner),
  });
  prober.probe('Ingress default/a', { hash: 'new', hosts: [{ host: 'a', isExternal: true }] });
  await time.advanceAsync(1_000);
  expect([most, ready.length]).toEqual([15, 1]);
});

test('the question is Knative’s, and no answer is one', async () => {
  let headers: Record<string, unknown> = {};
  const server = createServer((request, response) => {
    headers = { ...request.headers, path: request.url };
    response.setHeader('K-Network-Hash', 'abc').end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  expect(await askGateway({ address: '127.0.0.1', port }, 'a.example.com')).toEqual({ kind: 'answer', status: 200, hash: 'abc' });
  expect(headers).toMatchObject({ path: '/healthz', host: 'a.example.com', 'user-agent': 'Knative-Ingress-Probe', 'k-network-probe': 'probe', 'k-network-hash': 'override' });
  server.close();
  server.closeAllConnections();
  expect(await askGateway({ address: '127.0.0.1', port }, 'a.example.com')).toEqual({ kind: 'none' });
});
