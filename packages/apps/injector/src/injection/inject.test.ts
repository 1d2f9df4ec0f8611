import { assert, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { patchBetween } from '../reviews/json-patch.ts';
import { applyJsonPatchForTest as apply } from '../reviews/testing/apply-json-patch.ts';
import { inject } from './inject.ts';
import { podAnnotations, podLabel, proxyContainer, tokenPath } from './names.ts';
import type { InjectablePod, PodContainer } from './pod.ts';
import type { InjectionSettings } from './pod-settings.ts';
import { strip } from './strip.ts';
import { anyPod, settings, typicalPods } from './testing/pods.ts';

function injected(pod: InjectablePod, more: Partial<InjectionSettings> = {}): InjectablePod {
  const injection = inject(pod, 'shop', { ...settings, ...more });
  if (injection.kind !== 'injected') throw new Error(JSON.stringify(injection));
  return injection.pod;
}

const configService = { host: 'config-server.sluice-system', port: 18_000 };
const everyWay: readonly Partial<InjectionSettings>[] = [{}, { nativeSidecars: false }, { capture: 'iptables' }, { capture: 'iptables', nativeSidecars: false, rewritesProbes: false }, { configService }, { configService, addresses: 'shared', command: ['node', 'proxy'] }];
/** Each pod is taken in several ways, which finds as much as more pods would. */
const runs = { numRuns: 25 };
/** Some of them want their programs to be told of the proxy. */
const askedFor = (pod: InjectablePod, index: number): InjectablePod =>
  index < everyWay.length ? pod : { ...pod, metadata: { ...pod.metadata, annotations: { ...pod.metadata?.annotations, [podAnnotations.httpProxy]: 'true' } } };
const containersOf = ({ spec }: InjectablePod): readonly PodContainer[] => [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];

describe('injection', () => {
  test('done twice is as if done once', () => {
    assert(property(anyPod, (pod) => everyWay.forEach((way) => expect(injected(injected(pod, way), way)).toEqual(injected(pod, way)))), runs);
  });

  test('can be taken back without a trace', () => {
    assert(property(anyPod, (pod) => [...everyWay, ...everyWay.slice(-2)].forEach((way, index) => expect(strip(injected(askedFor(pod, index), way))).toEqual(askedFor(pod, index)))), runs);
  });

  test('takes other settings on as if there had been none before', () => {
    assert(property(anyPod, (pod) => everyWay.forEach((way) => expect(injected(injected(pod, { logLevel: 'debug', capture: 'iptables' }), way)).toEqual(injected(pod, way)))), runs);
  });

  test('is a patch that fits the pod', () => {
    assert(
      property(anyPod, (pod) => {
        expect(apply(pod, patchBetween(pod, injected(pod)))).toEqual(injected(pod));
      }),
      runs,
    );
  });

  test('goes with what another puts in, whoever comes first, and is not mended away by it', () => {
    assert(
      property(anyPod, (pod) => {
        const before = injected(foreign(pod));
        const after = foreign(injected(pod));
        expect(byName(before)).toEqual(byName(injected(after)));
        // Asked again after the other, which is what `reinvocationPolicy: IfNeeded` is for.
        const patch = patchBetween(after, injected(after));
        expect(apply(after, patch)).toEqual(injected(after));
        expect(byName(strip(after))).toEqual(byName(foreign(pod)));
      }),
      runs,
    );
  });

  test('gives nobody’s API token away, although a server mounts it into whatever has nothing at its place', () => {
    assert(
      property(anyPod, (pod) =>
        everyWay.forEach((way) => {
          const mounted = withTokens(injected(pod, way));
          const ours = containersOf(mounted).filter(({ name }) => name.startsWith('sluice-'));
          expect(ours.length).toBeGreaterThan(0);
          for (const { volumeMounts = [] } of ours) expect(volumeMounts.filter(({ mountPath }) => mountPath === tokenPath).map(({ name }) => name)).toEqual(['sluice-no-token']);
          // And what the server has mounted elsewhere is still there when the proxy is taken out.
          expect(byName(strip(mounted))).toEqual(byName(withTokens(pod)));
        }),
      ),
      runs,
    );
  });

  test('leaves the programs in their order, and comes before them or after', () => {
    assert(
      property(anyPod, (pod) => {
        const names = (list: readonly PodContainer[] = []) => list.map(({ name }) => name);
        const [native, classic] = [injected(pod, { nativeSidecars: true }).spec, injected(pod, { nativeSidecars: false }).spec];
        const wantsNative = pod.metadata?.annotations?.[podAnnotations.nativeSidecar];
        if (wantsNative !== 'false') expect(names(native?.initContainers)).toEqual([proxyContainer, ...names(pod.spec?.initContainers)]);
        if (wantsNative !== 'true') expect(names(classic?.containers)).toEqual([...names(pod.spec?.containers), proxyContainer]);
      }),
      runs,
    );
  });

  test('tells programs of the proxy that want to be told, unless they know better', () => {
    const env = [{ name: 'HTTP_PROXY', value: 'http://elsewhere:3128' }];
    const pod: InjectablePod = { metadata: { annotations: { [podAnnotations.httpProxy]: 'true' } }, spec: { containers: [{ name: 'a' }, { name: 'b', env }] } };
    const [first, second] = injected(pod, { configService }).spec?.containers ?? [];
    expect(Object.fromEntries((first?.env ?? []).map(({ name, value }) => [name, value]))).toEqual({ http_proxy: 'http://127.0.0.1:15080', HTTP_PROXY: 'http://127.0.0.1:15080', no_proxy: 'localhost,127.0.0.1', NO_PROXY: 'localhost,127.0.0.1' });
    expect(second?.env).toBe(env);
    expect(inject(pod, 'shop', settings)).toMatchObject({ kind: 'refused', problems: [{ message: 'cannot be true here: no config service is configured that knows where Services are' }] });
  });

  test('lets nobody’s words be taken for variables of the proxy', () => {
    const probe = { httpGet: { path: '/$(POD_NAME)/$$x', port: 80 } };
    const proxy = injected({ spec: { containers: [{ name: 'c', readinessProbe: probe }] } }, { configService, addresses: 'shared' }).spec?.initContainers?.[0];
    const text = proxy?.args?.find((arg) => arg.startsWith('--config-yaml=')) ?? '';
    expect(text).toContain('/$$(POD_NAME)/$$$$x');
    expect(text).toContain('"port_value":"$(SLUICE_PORT_15020)"');
    expect(proxy?.env).toContainEqual({ name: 'SLUICE_PORT_15020', value: '15020' });
  });

  test.each([
    ['in a namespace that is excluded', typicalPods['a web server'], 'kube-system', 'excluded-namespace'],
    ['that opts out', { metadata: { labels: { [podLabel]: 'false' } }, spec: { containers: [{ name: 'c' }] } }, 'shop', 'opted-out'],
    ['on the network of its machine', { spec: { hostNetwork: true, containers: [{ name: 'c' }] } }, 'shop', 'host-network'],
    ['of a revision', { spec: { containers: [{ name: 'c' }, { name: 'queue-proxy' }] } }, 'shop', 'has-proxy'],
    ['with a container of our name that is not ours', { spec: { containers: [{ name: 'sluice-proxy' }] } }, 'shop', 'has-proxy'],
    ['that is none', {}, 'shop', 'no-pod'],
  ] as const)('leaves a pod alone %s', (_why, pod, namespace, reason) => {
    expect(inject(pod as InjectablePod, namespace, settings)).toEqual({ kind: 'skipped', reason });
  });

  test('says everything that is wrong with the annotations at once', () => {
    const annotations = {
      [podAnnotations.capture]: 'magic',
      [podAnnotations.concurrency]: '0',
      [podAnnotations.cpuLimit]: 'much',
      [podAnnotations.excludeInboundPorts]: '80,http',
      [podAnnotations.outbound]: 'payments',
      [podAnnotations.includeOutboundCidrs]: '10.0.0.0',
      [podAnnotations.excludeOutboundCidrs]: '10.0.0.0/8,300.0.0.0/8; rm -rf /',
      [podAnnotations.excludeOutboundPorts]: '0',
      [podAnnotations.excludeOutboundUids]: 'root',
      [podAnnotations.logLevel]: 'loud',
      [podAnnotations.nativeSidecar]: 'yes',
    };
    const injection = inject({ metadata: { annotations }, spec: { containers: [{ name: 'c' }] } }, 'shop', settings);
    expect(injection.kind === 'refused' && injection.problems.map(({ path }) => path).toSorted()).toEqual(Object.keys(annotations).map((name) => `metadata.annotations[${name}]`).toSorted());
  });

  test('captures nothing that is sent where no address is included', () => {
    const annotations = { [podAnnotations.capture]: 'iptables', [podAnnotations.includeOutboundCidrs]: '' };
    const pod = injected({ metadata: { annotations }, spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] } });
    const [capture, proxy] = pod.spec?.initContainers ?? [];
    expect(capture?.args?.join('\n')).toContain('SLUICE_INBOUND -p tcp --dport 80');
    expect(capture?.args?.join('\n')).not.toContain('-A SLUICE_OUTBOUND');
    expect(proxy?.args?.join('\n')).not.toContain('15001');
  });

  test.each(Object.entries(typicalPods))('of %s is as it was', async (name, pod) => {
    await expect(`${JSON.stringify(readable(injected(pod)), undefined, 2)}\n`).toMatchFileSnapshot(`testdata/${name.replaceAll(' ', '-')}.json`);
  });
});

/** The bootstrap and the record as what they are, instead of text in text. */
function readable(pod: InjectablePod): unknown {
  const unfold = (text: string): unknown => (text.startsWith('--config-yaml=') ? { '--config-yaml': JSON.parse(text.slice('--config-yaml='.length)) as unknown } : text);
  const container = (one: PodContainer): unknown => (one.name === proxyContainer ? { ...one, args: one.args?.map(unfold) } : one);
  const annotations = Object.entries(pod.metadata?.annotations ?? {}).map(([name, text]) => [name, name === 'sluice.dev/injected' ? (JSON.parse(text) as unknown) : text]);
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations: Object.fromEntries(annotations) },
    spec: { ...pod.spec, ...(pod.spec?.initContainers ? { initContainers: pod.spec.initContainers.map(container) } : {}), containers: pod.spec?.containers?.map(container) },
  };
}

/** Another injector: containers first and last, a volume, an annotation. Done twice it is as if done once. */
function foreign(pod: InjectablePod): InjectablePod {
  const rest = (list: readonly PodContainer[] = []) => list.filter(({ name }) => !name.startsWith('foreign'));
  const { metadata, spec } = pod;
  return {
    ...pod,
    metadata: { ...metadata, annotations: { ...metadata?.annotations, foreign: 'yes' } },
    spec: {
      ...spec,
      initContainers: [{ name: 'foreign-init', image: 'f' }, ...rest(spec?.initContainers)],
      containers: [...rest(spec?.containers), { name: 'foreign', image: 'f' }],
      volumes: [...(spec?.volumes ?? []).filter(({ name }) => name !== 'foreign'), { name: 'foreign' }],
    },
  };
}

/** As the plugin ServiceAccount does after webhooks: a token wherever nothing is mounted at its place. */
function withTokens(pod: InjectablePod): InjectablePod {
  const mount = { name: 'kube-api-access', mountPath: tokenPath, readOnly: true };
  const given = (container: PodContainer): PodContainer =>
    container.volumeMounts?.some(({ mountPath }) => mountPath === tokenPath) ? container : { ...container, volumeMounts: [...(container.volumeMounts ?? []), mount] };
  const { spec } = pod;
  return {
    ...pod,
    spec: {
      ...spec,
      ...(spec?.initContainers ? { initContainers: spec.initContainers.map(given) } : {}),
      ...(spec?.containers ? { containers: spec.containers.map(given) } : {}),
      volumes: [...(spec?.volumes ?? []), { name: 'kube-api-access' }],
    },
  };
}

/** A pod without regard to the order of what it holds, and to whether an empty list is there or not. Records tell what was there, which differs. */
function byName({ metadata, spec }: InjectablePod): unknown {
  const sorted = <T extends { readonly name: string }>(list: readonly T[] = []): T[] => list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const { 'sluice.dev/injected': _record, ...annotations } = metadata?.annotations ?? {};
  return { ...metadata, annotations, containers: sorted(spec?.containers), initContainers: sorted(spec?.initContainers), volumes: sorted(spec?.volumes) };
}
