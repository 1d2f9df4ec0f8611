/**
 * Puts a proxy into a pod. Done twice it is as if done once, since what is there of an earlier time is taken out first; `strip` gives the pod as it
 * was. Pure.
 */
import type { Problem } from '@sluice/kernel';
import { addHttpProxy, type AddedVariables } from './http-proxy-variables.ts';
import { makeCaptureContainer, makeProxyContainer } from './injected-containers.ts';
import { captureContainer, captureVolume, noTokenVolume, podLabel, proxyContainer, recordAnnotation } from './names.ts';
import { capturesOutbound } from './outbound-bootstrap.ts';
import { without, type InjectablePod, type PodContainer } from './pod.ts';
import { readPodSettings, type InjectionSettings, type PodSettings } from './pod-settings.ts';
import { rewriteProbes, type RewrittenProbe } from './probes.ts';
import { inboundPortsOf, proxyBootstrap } from './proxy-bootstrap.ts';
import { strip, type InjectionRecord } from './strip.ts';

export type Injection<Pod extends InjectablePod> =
  | { readonly kind: 'injected'; readonly pod: Pod }
  /** A word for metrics. */
  | { readonly kind: 'skipped'; readonly reason: SkipReason }
  /** Its annotations make no sense: everything that is wrong with them. */
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

export type SkipReason =
  | 'no-pod'
  | 'opted-out'
  | 'excluded-namespace'
  /** It would change the network of its machine. */
  | 'host-network'
  /** It has a proxy already: a revision's queue-proxy, or somebody else's. */
  | 'has-proxy';

const otherProxies = ['queue-proxy', 'istio-proxy', 'linkerd-proxy'];
/** Which container is meant when nobody says: not the proxy. */
const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container';

export function inject<Pod extends InjectablePod>(pod: Pod, namespace: string, defaults: InjectionSettings): Injection<Pod> {
  const reason = skipReason(pod, namespace, defaults);
  if (reason) return { kind: 'skipped', reason };
  const plain = strip(pod);
  const { settings, problems } = readPodSettings(defaults, plain.metadata?.annotations ?? {});
  return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'injected', pod: withProxy(plain, namespace, settings) };
}

function skipReason({ metadata, spec }: InjectablePod, namespace: string, { excludedNamespaces }: InjectionSettings): SkipReason | undefined {
  if (!spec?.containers || spec.containers.length === 0) return 'no-pod';
  if (metadata?.labels?.[podLabel] === 'false') return 'opted-out';
  if (excludedNamespaces.includes(namespace)) return 'excluded-namespace';
  if (spec.hostNetwork === true) return 'host-network';
  const names = [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name);
  if (names.some((name) => otherProxies.includes(name))) return 'has-proxy';
  const isForeign = metadata?.annotations?.[recordAnnotation] === undefined && names.some((name) => name === proxyContainer || name === captureContainer);
  return isForeign ? 'has-proxy' : undefined;
}

function withProxy<Pod extends InjectablePod>(pod: Pod, namespace: string, settings: PodSettings): Pod {
  const { metadata = {}, spec = {} } = pod;
  const { containers: programs = [], initContainers: helpers = [] } = spec;
  const probes: RewrittenProbe[] = [];
  const variables: AddedVariables[] = [];
  const led = (container: PodContainer): PodContainer => {
    if (!settings.rewritesProbes) return container;
    const { container: next, rewritten } = rewriteProbes(container);
    probes.push(...rewritten);
    return next;
  };
  const told = (container: PodContainer): PodContainer => {
    if (!settings.setsHttpProxy) return container;
    const { container: next, added: names } = addHttpProxy(container, settings);
    if (names) variables.push(names);
    return next;
  };
  const ledHelpers = helpers.map(led);
  const ledPrograms = programs.map((program) => told(led(program)));
  const inbound = inboundPortsOf([...helpers.filter(({ restartPolicy }) => restartPolicy === 'Always'), ...programs], settings);
  const proxy = makeProxyContainer(settings, inbound, proxyBootstrap(pod, namespace, inbound, probes, settings));
  const capture = settings.capture === 'iptables' && (inbound.length > 0 || capturesOutbound(settings)) ? [makeCaptureContainer(settings, inbound)] : [];
  // A sidecar proper comes first, so that init containers go through it, too; a plain container is started with the others.
  const isNative = settings.nativeSidecars;
  const initContainers = isNative ? [...capture, proxy, ...ledHelpers] : [...ledHelpers, ...capture];
  const containers = isNative ? ledPrograms : [...ledPrograms, proxy];
  const namesDefault = !isNative && metadata.annotations?.[defaultContainerAnnotation] === undefined;
  const added = namesDefault ? { [defaultContainerAnnotation]: programs[0]?.name ?? '' } : {};
  const record: InjectionRecord = {
    version: 1,
    annotations: Object.keys(added),
    made: [
      ...(metadata.annotations === undefined ? ['annotations'] : []),
      ...(spec.initContainers === undefined && initContainers.length > 0 ? ['initContainers'] : []),
      ...(spec.volumes === undefined ? ['volumes'] : []),
    ],
    ...(variables.length > 0 ? { variables } : {}),
    probes: probes.map(({ container, probe, original }) => ({ container, probe, original })),
  };
  const annotations = { ...metadata.annotations, ...added, [recordAnnotation]: JSON.stringify(record) };
  return {
    ...pod,
    metadata: { ...metadata, annotations },
    spec: {
      ...(initContainers.length > 0 || spec.initContainers ? { ...spec, initContainers } : without(spec, 'initContainers')),
      containers,
      volumes: [...(spec.volumes ?? []), { name: noTokenVolume, emptyDir: {} }, ...(capture.length > 0 ? [{ name: captureVolume, emptyDir: { medium: 'Memory' } }] : [])],
    },
  };
}
