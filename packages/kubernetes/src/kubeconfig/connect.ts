/** Finds the API server: from a kubeconfig, or from inside a pod of the cluster. */
import { readFile } from 'node:fs/promises';
import { MeshError, type Clock, type Meter, type Timers } from '@sluice/kernel';
import { KubernetesClient } from '../client.ts';
import { HttpTransport } from '../http/http-transport.ts';
import { measureTransport } from '../measured-transport.ts';
import { ThrottledTransport } from '../throttled-transport.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { loadKubeconfig } from './kubeconfig.ts';

/** The environment variables that say where the API is. */
export interface ClusterEnvironment {
  /** Files separated by colons, as kubectl reads it. */
  readonly KUBECONFIG?: string | undefined;
  readonly HOME?: string | undefined;
  /** Set by the kubelet in every pod. */
  readonly KUBERNETES_SERVICE_HOST?: string | undefined;
  readonly KUBERNETES_SERVICE_PORT?: string | undefined;
}

export interface ConnectOptions {
  readonly environment: ClusterEnvironment;
  /** Who writes: `sluice-controller`. */
  readonly fieldManager: string;
  readonly clock: Clock;
  /** Counts its requests. Absent: nobody does. */
  readonly meter?: Meter;
  /** Lets requests wait: for a pace that no server minds, and when a busy one says 429. Absent: a refusal is given back at once. */
  readonly timers?: Timers;
}

/**
 * Chosen: far above what reconciling takes when nothing is wrong, so that only a loop gone wild meets it. client-go's 5 a second are
 * from before servers shared out their time themselves (API Priority and Fairness), which they do by 429.
 */
const pace = { requestsPerSecond: 200, burst: 400 };

/** A client for the cluster that the environment names. Nothing is sent yet. */
export async function connectToCluster(options: ConnectOptions): Promise<KubernetesClient> {
  const access = await findClusterAccess(options.environment);
  const { clock, meter, timers, fieldManager } = options;
  const plain = new HttpTransport({ access, clock, environment: { ...options.environment } });
  // Each try is measured on its own, and the wait before it is none of the server's doing.
  const measured = meter ? measureTransport({ transport: plain, server: access.server, clock, meter }) : plain;
  const transport = timers ? new ThrottledTransport({ transport: measured, clock, timers, ...pace }) : measured;
  return new KubernetesClient({ transport, fieldManager });
}

/** In the order `KUBECONFIG`, the cluster this pod runs in, `~/.kube/config`. */
export async function findClusterAccess(environment: ClusterEnvironment): Promise<ClusterAccess> {
  const { KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (KUBECONFIG) return loadKubeconfig({ paths: KUBECONFIG.split(':').filter((path) => path !== '') });
  if (host && port) return loadInClusterAccess({ host, port });
  if (HOME) return loadKubeconfig({ paths: [`${HOME}/.kube/config`] });
  throw new MeshError(
    'kubernetes-not-configured',
    'no KUBECONFIG, not inside a cluster, and no HOME to look for .kube/config in',
  );
}

/** What the kubelet puts into every pod. Token and CA are read anew as they are replaced. */
export async function loadInClusterAccess(options: {
  readonly host: string;
  readonly port: string;
  /** Default where Kubernetes mounts it. */
  readonly directory?: string;
}): Promise<ClusterAccess> {
  const directory = options.directory ?? '/var/run/secrets/kubernetes.io/serviceaccount';
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    server: `https://${host}:${options.port}`,
    tls: { ca: await readFile(`${directory}/ca.crt`, 'utf8') },
    tlsFiles: { ca: `${directory}/ca.crt` },
    token: { kind: 'file', path: `${directory}/token` },
    namespace: (await readFile(`${directory}/namespace`, 'utf8')).trim(),
  };
}
