/** What one pod wants of its proxy: its annotations over what holds for all. Everything wrong is said at once. Pure. */
import { problem, type Problem } from '@sluice/kernel';
import { podAnnotations } from './names.ts';
import { isPort, readOutboundCapture, type OutboundCapture } from './outbound-capture.ts';
import type { IpFamily, Labels, PodResources } from './pod.ts';

export interface InjectionSettings {
  readonly image: string;
  readonly imagePullPolicy: string;
  /** Holds `iptables-restore`; used only where traffic is captured. */
  readonly captureImage: string;
  /** Whether sidecars are init containers that stay (Kubernetes 1.29 and newer), or containers beside the program's. */
  readonly nativeSidecars: boolean;
  /**
   * `explicit`: whoever wants to come through the proxy goes to its ports (`mesh-8080`). `iptables`: whatever comes to the program's ports is led
   * through it, and so is what they send, which takes an init container with NET_ADMIN.
   */
  readonly capture: Capture;
  /** Which families of addresses pods have: where the proxy listens, and what is captured. */
  readonly ipFamilies: readonly IpFamily[];
  /** Whom proxies ask where the Services of the cluster are. Undefined: nobody. */
  readonly configService: { readonly host: string; readonly port: number } | undefined;
  /** The proxy's command, where its image does not bring one that is to be used. Empty: it does. */
  readonly command: readonly string[];
  /**
   * `own`: each pod has a network of its own, as on a cluster. `shared`: pods share a machine's, where a proxy may listen at its pod's address only, and a
   * kubelet may have exchanged ports for others. There, nothing can be captured.
   */
  readonly addresses: 'own' | 'shared';
  readonly rewritesProbes: boolean;
  readonly logLevel: (typeof proxyLogLevels)[number];
  /** Worker threads. */
  readonly concurrency: number;
  readonly resources: PodResources;
  /** Namespaces whose pods are left alone whatever they say: the system's own, and Kubernetes'. */
  readonly excludedNamespaces: readonly string[];
}

export type Capture = 'explicit' | 'iptables';

export interface PodSettings extends InjectionSettings {
  /** Undefined: all ports that the programs declare. */
  readonly inboundPorts: readonly number[] | undefined;
  readonly excludedInboundPorts: readonly number[];
  readonly outboundCapture: OutboundCapture;
  readonly outbound: readonly Outbound[];
  /** Whether programs are told to send their requests to the proxy. */
  readonly setsHttpProxy: boolean;
}

/** A port on the pod's loopback that leads elsewhere: `15301=payments.shop.svc:80`. */
export interface Outbound {
  readonly port: number;
  readonly host: string;
  readonly targetPort: number;
}

/** Those of `sluice proxy`, which are Envoy's. */
export const proxyLogLevels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;
const quantity = /^\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/;

export function readPodSettings(defaults: InjectionSettings, annotations: Labels): { readonly settings: PodSettings; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const report = (name: string, message: string): void => void problems.push(problem(`metadata.annotations[${name}]`, message));
  const choice = <Word extends string>(name: string, words: readonly Word[], fallback: Word): Word => {
    const given = annotations[name];
    if (given === undefined) return fallback;
    const found = words.find((word) => word === given);
    if (found === undefined) report(name, `must be one of ${words.join(', ')}, but was ${JSON.stringify(given)}`);
    return found ?? fallback;
  };
  const boolean = (name: string, fallback: boolean): boolean => choice(name, ['true', 'false'], String(fallback) as 'true' | 'false') === 'true';
  const ports = (name: string): number[] | undefined => {
    const given = annotations[name];
    if (given === undefined || given === '*') return undefined;
    const texts = given.split(',').map((text) => text.trim()).filter((text) => text !== '');
    const bad = texts.filter((text) => !isPort(text));
    if (bad.length > 0) report(name, `must be ports from 1 to 65535, separated by commas, but had ${bad.map((text) => JSON.stringify(text)).join(', ')}`);
    return texts.filter(isPort).map(Number);
  };
  const readCapture = (): Capture => {
    const capture = choice(podAnnotations.capture, ['explicit', 'iptables'], defaults.capture);
    if (capture === 'iptables' && defaults.addresses === 'shared') report(podAnnotations.capture, 'cannot be iptables here: pods share the network of their machine');
    else if (capture === 'iptables' && defaults.captureImage === '') report(podAnnotations.capture, 'cannot be iptables here: no image for it is configured');
    return capture;
  };
  const readHttpProxy = (): boolean => {
    const wanted = boolean(podAnnotations.httpProxy, false);
    if (wanted && !defaults.configService) report(podAnnotations.httpProxy, 'cannot be true here: no config service is configured that knows where Services are');
    return wanted;
  };
  const concurrency = annotations[podAnnotations.concurrency];
  if (concurrency !== undefined && !/^[1-9]\d{0,2}$/.test(concurrency)) {
    report(podAnnotations.concurrency, `must be a whole number from 1 to 999, but was ${JSON.stringify(concurrency)}`);
  }
  const settings: PodSettings = {
    ...defaults,
    nativeSidecars: boolean(podAnnotations.nativeSidecar, defaults.nativeSidecars),
    capture: readCapture(),
    rewritesProbes: boolean(podAnnotations.rewriteProbes, defaults.rewritesProbes),
    logLevel: choice(podAnnotations.logLevel, proxyLogLevels, defaults.logLevel),
    concurrency: concurrency !== undefined && /^[1-9]\d{0,2}$/.test(concurrency) ? Number(concurrency) : defaults.concurrency,
    resources: readResources(annotations, report) ?? defaults.resources,
    inboundPorts: ports(podAnnotations.includeInboundPorts),
    excludedInboundPorts: ports(podAnnotations.excludeInboundPorts) ?? [],
    setsHttpProxy: readHttpProxy(),
    outboundCapture: readOutboundCapture(annotations, report),
    outbound: readOutbound(annotations[podAnnotations.outbound] ?? '', (message) => report(podAnnotations.outbound, message)),
  };
  return { settings, problems };
}

/** Whoever says one of them says all: defaults that stayed would contradict what was meant, as Istio has it. */
function readResources(annotations: Labels, report: (name: string, message: string) => void): PodResources | undefined {
  const given = [
    ['requests', 'cpu', podAnnotations.cpuRequest],
    ['requests', 'memory', podAnnotations.memoryRequest],
    ['limits', 'cpu', podAnnotations.cpuLimit],
    ['limits', 'memory', podAnnotations.memoryLimit],
  ] as const;
  const resources: { requests?: Record<string, string>; limits?: Record<string, string> } = {};
  for (const [side, resource, name] of given) {
    const text = annotations[name];
    if (text === undefined) continue;
    if (!quantity.test(text)) report(name, `must be a quantity such as 100m or 64Mi, but was ${JSON.stringify(text)}`);
    (resources[side] ??= {})[resource] = text;
  }
  return Object.keys(resources).length === 0 ? undefined : resources;
}

function readOutbound(text: string, report: (message: string) => void): Outbound[] {
  const found: Outbound[] = [];
  for (const entry of text.split(',').map((one) => one.trim()).filter((one) => one !== '')) {
    const [, port = '', host = '', targetPort = ''] = /^(\d+)=([A-Za-z0-9.-]+):(\d+)$/.exec(entry) ?? [];
    if (isPort(port) && isPort(targetPort) && Number(port) >= 1024) found.push({ port: Number(port), host, targetPort: Number(targetPort) });
    else report(`must be pairs such as 15301=payments.shop.svc:80, the first port from 1024 up, but had ${JSON.stringify(entry)}`);
  }
  return found;
}
