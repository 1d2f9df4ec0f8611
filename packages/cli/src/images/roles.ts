/** What there is an image of: the executables that run in pods. */
import { sidecarEnvironment } from '../bundle/sidecar-first-run.ts';
import { dataPlaneFlags } from '../dev/node-flags.ts';

export const roleNames = ['config-server', 'controller', 'autoscaler', 'activator', 'gateway', 'injector', 'queue-proxy', 'proxy'] as const;
export type RoleName = (typeof roleNames)[number];

export interface Role {
  readonly name: RoleName;
  /** Its folder, from `packages`; the Dockerfile is there. */
  readonly folder: string;
  /** Where it begins, in its folder. */
  readonly entry: string;
  /** Flags of Node, which the image's entry point has too: compiled code is kept for one set of flags. */
  readonly nodeFlags: readonly string[];
  /** With these it begins its work, though nobody it asks answers, and ends at once. */
  readonly alone: { readonly args: readonly string[]; readonly environment: Readonly<Record<string, string>> };
}

/** Nobody listens there. */
const nowhere = '127.0.0.1:9';
const inPod = { SYSTEM_NAMESPACE: 'sluice-system', POD_NAMESPACE: 'sluice-system', POD_NAME: 'alone', POD_IP: '127.0.0.1' };

/** @param kubeconfig path of one that leads nowhere */
export function rolesFor(kubeconfig: string): readonly Role[] {
  const environment = { ...inPod, KUBECONFIG: kubeconfig };
  return [
    { name: 'config-server', ...inApps('config-server'), nodeFlags: [], alone: { args: ['--listen=127.0.0.1:0', '--metrics-port=0'], environment } },
    { name: 'controller', ...inApps('controller'), nodeFlags: [], alone: { args: ['--metrics-host=127.0.0.1', '--metrics-port=0'], environment } },
    { name: 'autoscaler', ...inApps('autoscaler'), nodeFlags: [], alone: { args: [`--config-service=${nowhere}`, '--metrics-host=127.0.0.1', '--metrics-port=0'], environment } },
    { name: 'activator', ...inApps('activator'), nodeFlags: dataPlaneFlags, alone: { args: [`--config-service=${nowhere}`, '--metrics-host=127.0.0.1', '--metrics-port=0', '--drain-grace-ms=0'], environment: inPod } },
    { name: 'gateway', ...inApps('gateway'), nodeFlags: dataPlaneFlags, alone: { args: [`--config-service=${nowhere}`, '--admin-host=127.0.0.1', '--admin-port=0', '--drain-grace-ms=0'], environment: inPod } },
    { name: 'injector', ...inApps('injector'), nodeFlags: [], alone: { args: ['--host=127.0.0.1', '--port=0', '--metrics-port=0'], environment } },
    { name: 'queue-proxy', ...inApps('queue-proxy'), nodeFlags: dataPlaneFlags, alone: { args: ['--quiet-period-ms=0'], environment: { ...sidecarEnvironment({ userPort: 9, ports: [] }), SERVING_READINESS_PROBE: '', SERVING_LOGGING_LEVEL: 'info' } } },
    { name: 'proxy', folder: 'cli/src/proxy', entry: 'main.ts', nodeFlags: dataPlaneFlags, alone: { args: ['proxy', `--config-yaml=${JSON.stringify(bootstrap)}`], environment: {} } },
  ];
}

function inApps(name: string): Pick<Role, 'folder' | 'entry'> {
  return { folder: `apps/${name}`, entry: 'src/main.ts' };
}

/** A listener that answers by itself, so that what serves requests is loaded. */
const bootstrap = {
  static_resources: {
    listeners: [
      {
        name: 'alone',
        address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
        filter_chains: [
          {
            filters: [
              {
                name: 'envoy.filters.network.http_connection_manager',
                typed_config: {
                  '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                  stat_prefix: 'alone',
                  route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, direct_response: { status: 204 } }] }] },
                  http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
                },
              },
            ],
          },
        ],
      },
    ],
  },
};
