/**
 * What a chart would install, for a floor of processes: the namespace, the ConfigMaps, and one Deployment
 * for each component. Ordinary objects, so that `kubectl get pods -A` shows the control plane and the kubelet
 * heals it.
 */
import { nicenessAnnotation } from '@sluice/local';
import { dataPlaneFlags } from './node-flags.ts';
import type { ManifestObject } from '../manifests/read.ts';
import { webhookManifests } from './webhook-manifests.ts';
import { components, systemNamespace, type Component, type ComponentOptions } from './components.ts';

export function systemManifests(options: ComponentOptions): ManifestObject[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: systemNamespace } },
    ...configMaps(options),
    activatorService(),
    ...waysIn(),
    ...webhookManifests(systemNamespace),
    ...components(options).map((component) => deployment(component, options)),
  ];
}

/** How a sidecar is started, up to the arguments of its own. */
export function sidecarCommand({ node, queueProxy }: Pick<ComponentOptions, 'node' | 'queueProxy'>): readonly [string, ...string[]] {
  return [node, ...dataPlaneFlags, queueProxy];
}

function configMaps({ ports, node, queueProxy, domains }: ComponentOptions): ManifestObject[] {
  const configMap = (name: string, data: Readonly<Record<string, string>>): ManifestObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: systemNamespace },
    data,
  });
  return [
    // `*.localhost` leads to this machine in browsers and in curl, without DNS.
    configMap('config-domain', { localhost: '', ...Object.fromEntries(domains.map((domain) => [domain, ''])) }),
    configMap('config-network', {
      'external-port': String(ports.gateway),
      ...(ports.gatewayTls === undefined ? {} : { 'external-domain-tls': 'enabled', 'external-tls-port': String(ports.gatewayTls) }),
    }),
    configMap('config-deployment', {
      'queue-sidecar-image': 'sluice.dev/queue-proxy',
      // A drained sidecar waits this long for requests that routing still sends it; here routing is that quick.
      'queue-sidecar-command': JSON.stringify([...sidecarCommand({ node, queueProxy }), '--quiet-period-ms=1000']),
    }),
    // On a cluster the 30 s of grace cover slow network programming; here endpoints arrive in milliseconds.
    configMap('config-autoscaler', { 'scale-to-zero-grace-period': '1s' }),
  ];
}

/** How the config service finds the activators: by the slices of this Service. */
function activatorService(): ManifestObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'activator-service', namespace: systemNamespace, labels: { app: 'activator' } },
    spec: {
      selector: { app: 'activator' },
      ports: [{ name: 'http', port: 80, targetPort: 8012, protocol: 'TCP' }],
    },
  };
}

/** By these classes Ingresses and Gateways lead to the one gateway there is. */
function waysIn(): ManifestObject[] {
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'sluice', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
      spec: { controller: 'sluice.dev/ingress-controller' },
    },
    { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: 'sluice' }, spec: { controllerName: 'sluice.dev/gateway-controller' } },
  ];
}

function deployment({ name, command, hostNetwork, mayOverlap = false, niceness, ready }: Component, options: ComponentOptions): ManifestObject {
  const probe = ready.path === undefined ? { tcpSocket: { port: ready.port } } : { httpGet: { port: ready.port, path: ready.path } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: systemNamespace, labels: { app: name } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      // The old one holds the ports, or is to decide alone: then it must go before the new one comes.
      strategy: mayOverlap ? { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } : { type: 'Recreate' },
      template: {
        metadata: { labels: { app: name }, ...(niceness === undefined ? {} : { annotations: { [nicenessAnnotation]: String(niceness) } }) },
        spec: {
          hostNetwork,
          terminationGracePeriodSeconds: 5,
          containers: [
            {
              name,
              image: `sluice.dev/${name}`,
              command,
              terminationMessagePolicy: 'FallbackToLogsOnError',
              env: [
                { name: 'KUBECONFIG', value: options.kubeconfig },
                { name: 'SYSTEM_NAMESPACE', value: systemNamespace },
                { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
                { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
              ],
              readinessProbe: { ...probe, periodSeconds: 2, failureThreshold: 3 },
            },
          ],
        },
      },
    },
  };
}
