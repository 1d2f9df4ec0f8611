/**
 * What injection writes for a pod whose traffic is captured, in earnest: the init container's command writes its rules into a network of its own, the
 * proxy's runs there as its user, and programs and strangers connect to each other.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { inject, releaseScript, type InjectablePod, type InjectionSettings } from '@sluice/injector';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { joinNetworks, NetworkNamespace, networksMissing } from '../../support/network-namespaces.ts';
import { Agent } from './agent-client.ts';
import { startMeshService, type MeshService } from './mesh-service.ts';

const missing = networksMissing();

const ipFamilies = ['IPv4', 'IPv6'] as const;
const settings: InjectionSettings = { image: 'p', imagePullPolicy: 'Always', captureImage: 'c', nativeSidecars: true, capture: 'iptables', ipFamilies, configService: { host: '10.66.0.1', port: 18_000 }, command: [], addresses: 'own', rewritesProbes: true, logLevel: 'warning', concurrency: 1, resources: {}, excludedNamespaces: [] };
const [proxyUser, program, migration] = [1337, 1000, 2000];

const pod: InjectablePod = {
  metadata: {
    annotations: {
      'proxy.sluice.dev/exclude-inbound-ports': '9901',
      'proxy.sluice.dev/exclude-outbound-cidrs': '10.78.0.0/16,fd78::/16',
      'proxy.sluice.dev/exclude-outbound-ports': '5432',
      'proxy.sluice.dev/exclude-outbound-uids': String(migration),
    },
  },
  spec: { containers: [{ name: 'web', ports: [{ containerPort: 8080 }, { containerPort: 9901 }] }] },
};

/** By the containers' names: what each would be started with. */
function commandsOf(settingsOf: InjectionSettings): { readonly capture: readonly string[]; readonly proxy: readonly string[] } {
  const injection = inject(pod, 'shop', settingsOf);
  if (injection.kind !== 'injected') throw new Error(JSON.stringify(injection));
  const [capture, proxy] = injection.pod.spec?.initContainers ?? [];
  const expand = (text: string): string => text.replace('$(POD_NAME)', 'web-1').replace('$(POD_NAMESPACE)', 'shop');
  return { capture: [...(capture?.command ?? []), ...(capture?.args ?? [])], proxy: (proxy?.args ?? []).map(expand) };
}

test('capture can be tried here', (context) => {
  if (missing !== undefined) context.skip(missing);
});

describe.skipIf(missing !== undefined)('a pod whose traffic is captured', () => {
  const { capture, proxy } = commandsOf(settings);
  const agents: Agent[] = [];
  let inside: NetworkNamespace;
  let outside: NetworkNamespace;
  let running: ChildProcess;
  let web: Agent;
  let stranger: Agent;
  let migrating: Agent;
  let mesh: MeshService;

  const rules = (): string => ['iptables-save', 'ip6tables-save'].map((save) => inside.run([save, '-t', 'nat'])).join('').replaceAll(/^#.*\n|\[\d+:\d+\]/gm, '');
  const agent = (...where: ConstructorParameters<typeof Agent>): Agent => {
    const made = new Agent(...where);
    agents.push(made);
    return made;
  };
  const metric = async (pattern: RegExp): Promise<number> => {
    const text = inside.run([process.execPath, '-e', "fetch('http://127.0.0.1:15000/stats').then((answer) => answer.text()).then((text) => console.log(text))"]);
    return Number(pattern.exec(text)?.[1]);
  };

  beforeAll(async () => {
    [inside, outside] = [await NetworkNamespace.open(), await NetworkNamespace.open()];
    joinNetworks(inside, outside, ['10.77.0.10/32', '10.77.0.11/32', '10.77.0.12/32', '10.78.0.10/32', 'fd77::10/128', 'fd78::10/128']);
    inside.run(capture);
    mesh = await startMeshService();
    [web, stranger, migrating] = [agent(inside, program), agent(outside), agent(inside, migration)];
    await stranger.relay('10.66.0.1', 18_000, mesh.path);
    const [command, ...args] = inside.within([process.execPath, join(import.meta.dirname, '../../../packages/cli/src/proxy/main.ts'), ...proxy], proxyUser);
    running = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [running.stdout, running.stderr]) stream?.on('data', (piece: Buffer) => (said += piece.toString()));
    await Promise.all([web.serve('::', 8080), web.serve('::', 9901), ...[7000, 7001, 5432].map((port) => stranger.serve('::', port)), stranger.serveHttp('0.0.0.0', 7100)]);
    await eventually(() => expect(said).toContain('outbound listens on'), { withinMs: 60_000 });
  });

  afterAll(async () => {
    for (const one of agents) one.close();
    if (running?.exitCode === null) {
      running.kill('SIGKILL');
      await once(running, 'exit');
    }
    await Promise.all([inside?.close(), outside?.close(), mesh?.stop()]);
  });

  test.each([['10.66.0.2', '127.0.0.1'], ['fd66::2', '127.0.0.1']])('is reached through its proxy, at the ports of its programs (%s)', async (address, proxied) => {
    expect(await stranger.ask(address, 8080)).toEqual({ isDirect: false, from: proxied, at: `${proxied}|8080` });
  });

  test('is reached by itself at a port that is excluded', async () => {
    expect(await stranger.ask('10.66.0.2', 9901)).toMatchObject({ isDirect: true, from: '10.66.0.1' });
    expect(await stranger.ask('fd66::2', 9901)).toMatchObject({ isDirect: true });
  });

  test('asks others through its proxy, which goes where each was going', async () => {
    const before = await metric(/^cluster\.passthrough\.upstream_cx_total: (\d+)/m);
    expect(await web.ask('10.77.0.10', 7000)).toEqual({ isDirect: false, from: '10.66.0.2', at: '10.77.0.10|7000' });
    expect(await web.ask('10.66.0.1', 7001)).toMatchObject({ isDirect: false, at: '10.66.0.1|7001' });
    expect(await web.ask('fd77::10', 7000)).toEqual({ isDirect: false, from: 'fd66::2', at: 'fd77::10|7000' });
    expect(await metric(/^cluster\.passthrough\.upstream_cx_total: (\d+)/m)).toBe(before + 3);
  });

  test.each([
    ['addresses that are excluded', () => web, '10.78.0.10', 7000],
    ['such addresses of IPv6', () => web, 'fd78::10', 7000],
    ['a port that is excluded', () => web, '10.77.0.10', 5432],
    ['others as a user that is excluded', () => migrating, '10.77.0.10', 7000],
    ['itself', () => web, '10.66.0.2', 8080],
    ['its own loopback', () => web, '127.0.0.1', 8080],
  ] as const)('asks %s by itself', async (_whom, who, host, port) => {
    expect(await who().ask(host, port)).toMatchObject({ isDirect: true });
  });

  test('learns at once that nobody is there', async () => {
    expect(await web.ask('10.77.0.10', 7999)).toEqual({ error: expect.stringMatching(/closed without a word|ECONNRESET/) as string });
  });

  test('gives nobody outside a way through it', async () => {
    expect(await stranger.ask('10.66.0.2', 15_001)).toEqual({ error: expect.stringContaining('ECONNREFUSED') as string });
    // Nor leads it back to itself.
    expect(await web.ask('127.0.0.1', 15_001)).toEqual({ error: 'closed without a word' });
  });

  describe('that asks for a Service of the mesh', () => {
    const answers = async (ask: () => Promise<string>): Promise<readonly string[]> => [...new Set(await Promise.all(Array.from({ length: 12 }, ask)))].toSorted();

    test('by its address, reaches its pods in turn, under whatever host it names', async () => {
      await eventually(async () => expect(await answers(() => web.askHttp('10.96.0.10', 80))).toEqual(['10.77.0.10|7100 10.96.0.10:80', '10.77.0.11|7100 10.96.0.10:80']));
      expect(await web.ask('10.96.0.10', 5000)).toMatchObject({ isDirect: false, at: expect.stringMatching(/^10\.77\.0\.1[01]\|7000$/) as string });
    });

    test('by its name, through the proxy that it is told of', async () => {
      for (const name of ['payments', 'payments.shop', 'payments.shop.svc.cluster.local']) {
        expect(await answers(() => web.askHttp('127.0.0.1', 15_080, `http://${name}/`))).toEqual([`10.77.0.10|7100 ${name}`, `10.77.0.11|7100 ${name}`]);
      }
      expect(await web.askHttp('127.0.0.1', 15_080, 'http://nobody.shop/')).toBe('404');
      expect(await stranger.askHttp('10.66.0.2', 15_080, 'http://payments/')).toContain('ECONNREFUSED');
    });

    test('follows its pods as they come and go, without a request lost', async () => {
      const results: string[] = [];
      const over = new AbortController();
      const asking = (async () => {
        while (!over.signal.aborted) results.push(await web.askHttp('10.96.0.10', 80));
      })();
      for (const addresses of [['10.77.0.12'], ['10.77.0.10', '10.77.0.12'], ['10.77.0.11']]) {
        mesh.setPods(addresses);
        await eventually(async () => expect(await answers(() => web.askHttp('127.0.0.1', 15_080, 'http://payments/'))).toEqual(addresses.map((one) => `${one}|7100 payments`)));
      }
      over.abort();
      await asking;
      expect(results.filter((result) => !result.startsWith('10.77.0.1'))).toEqual([]);
    });

    test('goes on when the config service has gone', async () => {
      await mesh.stop();
      expect(await web.askHttp('10.96.0.10', 80)).toBe('10.77.0.11|7100 10.96.0.10:80');
    });
  });

  // Last: afterwards nothing is captured.
  test('has the same rules when they are written twice, others when they are others, and none when they are taken back', async () => {
    const before = rules();
    expect(before).toContain('--to-ports 15001');
    inside.run(capture);
    expect(rules()).toBe(before);
    const other = commandsOf({ ...settings, ipFamilies: ['IPv4'] });
    inside.run(other.capture);
    expect(rules()).toBe(before);
    inside.run(['sh', '-ec', 'iptables -t nat -A OUTPUT -d 10.9.9.9 -j RETURN']);
    for (let twice = 0; twice < 2; twice++) inside.run(['sh', '-ec', releaseScript(ipFamilies)]);
    expect(rules()).not.toContain('SLUICE');
    expect(rules()).toContain('10.9.9.9');
    expect(await web.ask('10.77.0.10', 7000)).toMatchObject({ isDirect: true });
    expect(await stranger.ask('10.66.0.2', 8080)).toMatchObject({ isDirect: true });
  });
});
