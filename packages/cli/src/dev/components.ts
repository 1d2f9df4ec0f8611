/** The processes of the control plane and the edge, as the local floor runs them. */
import { join } from 'node:path';
import { dataPlaneFlags } from './node-flags.ts';
import { webhookNames } from './webhook-manifests.ts';

/** Where everything of the system lives; users' services live elsewhere. */
export const systemNamespace = 'sluice-system';

/** The Secret of the system with the authority that HTTPS goes by. */
export const authoritySecret = 'sluice-certificate-authority';

export interface ComponentOptions {
  /** The Node binary that runs the components. */
  readonly node: string;
  /** Folder of `packages/apps`. */
  readonly apps: string;
  /** What clients of the API read. */
  readonly kubeconfig: string;
  readonly ports: ComponentPorts;
  /** The one-file queue-proxy. */
  readonly queueProxy: string;
  /** Hosts that lead to services besides the first: `127.0.0.1.sslip.io`, `example.com`. */
  readonly domains: readonly string[];
}

export interface ComponentPorts {
  readonly gateway: number;
  /** Where HTTPS is served; absent: it is not. */
  readonly gatewayTls?: number;
  readonly gatewayAdmin: number;
  readonly configService: number;
  /** Where the config service tells of itself. */
  readonly configMetrics: number;
}

export interface Component {
  readonly name: string;
  readonly command: readonly string[];
  /** On the machine's own 127.0.0.1, where people and other components find its ports. */
  readonly hostNetwork: boolean;
  /** Two may run at the same time, each with ports of its own: then a new one comes before the old one goes. */
  readonly mayOverlap?: boolean;
  /** How far it steps back for programs of users, as `nice`. Default 0. */
  readonly niceness?: number;
  /** Default true. False: the set-up goes on without it, since whatever it does can be done without for a while. */
  readonly isWaitedFor?: boolean;
  /** What the kubelet asks before the component counts as ready. */
  readonly ready: { readonly port: number; readonly path?: string };
}

/** Of those for whom neither a request nor the set-up waits: a program that starts goes before them. Chosen: a tenth of its share. */
const keeperNiceness = 10;

/** In the order in which people think of them; they start together and wait for each other by themselves. */
export function components({ node, apps, ports }: ComponentOptions): Component[] {
  const main = (name: string, ...flags: string[]) => [node, join(apps, name, 'src/main.ts'), ...flags];
  const dataPlane = (name: string, ...flags: string[]) => [node, ...dataPlaneFlags, join(apps, name, 'src/main.ts'), ...flags];
  const configService = `127.0.0.1:${ports.configService}`;
  const tls = ports.gatewayTls === undefined ? { gateway: [], issuer: [] } : { gateway: [`--gateway-external-tls-port=${ports.gatewayTls}`], issuer: [`--certificate-authority-secret=${authoritySecret}`] };
  return [
    {
      name: 'config-server',
      command: main('config-server', `--listen=${configService}`, '--gateway-address=127.0.0.1', '--gateway-addresses=127.0.0.1', `--gateway-external-port=${ports.gateway}`, ...tls.gateway, '--metrics-host=127.0.0.1', `--metrics-port=${ports.configMetrics}`),
      hostNetwork: true,
      ready: { port: ports.configService },
    },
    { name: 'controller', command: main('controller', `--config-service=${configService}`, '--pods-see-secrets=off', ...tls.issuer), hostNetwork: false, ready: { port: 9090, path: '/ready' } },
    { name: 'autoscaler', command: main('autoscaler', `--config-service=${configService}`), hostNetwork: false, ready: { port: 9090, path: '/ready' } },
    { name: 'activator', // It goes on accepting for a second, until gateways have heard that it leaves.
      command: dataPlane('activator', `--config-service=${configService}`, '--drain-grace-ms=1000'), hostNetwork: false, mayOverlap: true, ready: { port: 8012 } },
    {
      name: 'gateway',
      command: dataPlane('gateway', `--config-service=${configService}`, `--admin-port=${ports.gatewayAdmin}`),
      hostNetwork: true,
      ready: { port: ports.gatewayAdmin, path: '/ready' },
    },
    {
      name: 'injector',
      niceness: keeperNiceness,
      isWaitedFor: false,
      command: main('injector', `--mutating-configurations=${webhookNames.defaulting}`, `--validating-configurations=${webhookNames.validation},${webhookNames.configMaps}`),
      hostNetwork: false,
      ready: { port: 9090, path: '/ready' },
    },
  ];
}
