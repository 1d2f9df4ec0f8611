/** The containers that come into a pod. Pure. */
import { argumentText, podAddressReference, referredPorts, type Config } from './bootstrap-parts.ts';
import { captureCommand, captureRules } from './capture-rules.ts';
import { adminPort, captureContainer, captureVolume, httpProxyPort, noTokenVolume, proxyContainer, proxyUser, statusPort, tokenPath } from './names.ts';
import type { PodContainer, PodVariable } from './pod.ts';
import type { PodSettings } from './pod-settings.ts';
import type { InboundPort } from './proxy-bootstrap.ts';

/** How long a proxy may take to start, in seconds, before its pod is given up: as Istio's, one look a second. */
const startSecondsMax = 600;

export function makeProxyContainer(settings: PodSettings, inbound: readonly InboundPort[], bootstrap: Config): PodContainer {
  const { nativeSidecars, image, imagePullPolicy, command, configService, addresses, logLevel, concurrency, resources } = settings;
  const text = argumentText(bootstrap);
  const ready = { path: '/sluice/ready', port: statusPort, scheme: 'HTTP' };
  // Where it stays until the programs have ended there is nobody left to wait for.
  const grace = nativeSidecars ? [] : ['--drain-grace-s=5'];
  return {
    name: proxyContainer,
    image,
    imagePullPolicy,
    ...(command.length > 0 ? { command } : {}),
    args: ['proxy', `--config-yaml=${text}`, ...(configService ? ['--service-node=$(POD_NAME).$(POD_NAMESPACE)'] : []), `--log-level=${logLevel}`, `--concurrency=${concurrency}`, ...grace],
    ...variables([
      ...(configService ? [fromPod('POD_NAME', 'metadata.name'), fromPod('POD_NAMESPACE', 'metadata.namespace')] : []),
      ...(text.includes(podAddressReference) ? [fromPod('POD_IP', 'status.podIP')] : []),
      ...referredPorts(text).map((port) => ({ name: `SLUICE_PORT_${port}`, value: String(port) })),
    ]),
    ports: [
      { name: 'mesh-status', containerPort: statusPort, protocol: 'TCP' },
      ...inbound.map(({ name, proxyPort }) => ({ name, containerPort: proxyPort, protocol: 'TCP' })),
      // Said where a kubelet may have to exchange them.
      ...(addresses === 'shared' ? [{ name: 'mesh-admin', containerPort: adminPort, protocol: 'TCP' }, ...(configService ? [{ name: 'mesh-http-proxy', containerPort: httpProxyPort, protocol: 'TCP' }] : [])] : []),
    ],
    ...(nativeSidecars ? { restartPolicy: 'Always', startupProbe: { httpGet: ready, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: startSecondsMax } } : {}),
    readinessProbe: { httpGet: ready, periodSeconds: 5, timeoutSeconds: 1, failureThreshold: 3 },
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
    securityContext: {
      runAsUser: proxyUser,
      runAsGroup: proxyUser,
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    // A server mounts the workload's API token into every container that has nothing at that path, also into those that came by a webhook.
    volumeMounts: [{ name: noTokenVolume, mountPath: tokenPath, readOnly: true }],
  };
}

function variables(env: readonly PodVariable[]): Pick<PodContainer, 'env'> {
  return env.length > 0 ? { env } : {};
}

function fromPod(name: string, fieldPath: string): PodVariable {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** Writes the rules that lead connections to the proxy, and ends. */
export function makeCaptureContainer(settings: PodSettings, inbound: readonly InboundPort[]): PodContainer {
  const { captureImage, imagePullPolicy, ipFamilies } = settings;
  return {
    name: captureContainer,
    image: captureImage,
    imagePullPolicy,
    ...captureCommand(ipFamilies, (family) => captureRules(family, inbound, settings)),
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      { name: noTokenVolume, mountPath: tokenPath, readOnly: true },
      { name: captureVolume, mountPath: '/run' },
    ],
  };
}
