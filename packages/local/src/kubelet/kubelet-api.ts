/** What the kubelet asks of the API. One small interface, so that its workers can be tried without a server. */
import { configMaps, isConflict, isNotFound, pods, resourcePath, secrets, type KubernetesClient, type KubernetesObject, type Pod, type PodStatus } from '@sluice/kubernetes';

type Values = Readonly<Record<string, string>>;

/** The writes about a pod do nothing when that very pod (by uid) is there no more. */
export interface KubeletApi {
  /** Says that the pod runs on `nodeName`, and adds annotations in the same write. */
  bind(pod: Pod, nodeName: string, annotations: Values): Promise<void>;
  annotate(pod: Pod, annotations: Values): Promise<void>;
  writeStatus(pod: Pod, status: PodStatus): Promise<void>;
  /** Takes the pod out of the API: its containers have ended. */
  removePod(pod: Pod): Promise<void>;
  /** The keys of a ConfigMap. Undefined when there is none. */
  configMap(namespace: string, name: string): Promise<Values | undefined>;
  /** The keys of a Secret, decoded. Undefined when there is none. */
  secret(namespace: string, name: string): Promise<Values | undefined>;
  /** Undefined when there is none. */
  serviceAccount(namespace: string, name: string): Promise<ServiceAccountFacts | undefined>;
  /** A token that says who a pod is. */
  serviceAccountToken(namespace: string, name: string, wish: TokenWish): Promise<string>;
  /** Creates the node, or brings its status up to date. */
  registerNode(node: KubernetesObject): Promise<void>;
}

/** Of a service account, what the kubelet reads. */
export interface ServiceAccountFacts {
  readonly automountServiceAccountToken?: boolean;
}

export interface TokenWish {
  /** Default: the API server's own. */
  readonly audience?: string;
  readonly expirationSeconds: number;
}

export function createKubeletApi(client: KubernetesClient): KubeletApi {
  const accounts = { group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true };
  const nodes = client.resource({ group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false });
  return {
    async bind(pod, nodeName, annotations) {
      // A real server takes this by the `binding` subresource only; the embedded one takes it in a patch.
      const body = { metadata: { uid: pod.metadata.uid, annotations }, spec: { nodeName } };
      await unlessGone(client.resource(pods).patch(pod.metadata, { type: 'merge', body }));
    },
    async annotate(pod, annotations) {
      const body = { metadata: { uid: pod.metadata.uid, annotations } };
      await unlessGone(client.resource(pods).patch(pod.metadata, { type: 'merge', body }));
    },
    async writeStatus(pod, status) {
      const body = { metadata: { uid: pod.metadata.uid }, status };
      await unlessGone(client.resource(pods).patch(pod.metadata, { type: 'merge', body }, { subresource: 'status' }));
    },
    async removePod({ metadata }) {
      const uid = metadata.uid === undefined ? {} : { uid: metadata.uid };
      await unlessGone(client.resource(pods).delete(metadata, { gracePeriodSeconds: 0, ...uid }));
    },
    async configMap(namespace, name) {
      const found = await client.resource(configMaps).find({ namespace, name });
      return found && (found.data ?? {});
    },
    async secret(namespace, name) {
      const found = await client.resource(secrets).find({ namespace, name });
      return found && Object.fromEntries(Object.entries(found.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
    },
    async serviceAccount(namespace, name) {
      return (await client.resource(accounts).find({ namespace, name })) as (KubernetesObject & ServiceAccountFacts) | undefined;
    },
    async serviceAccountToken(namespace, name, { audience, expirationSeconds }) {
      const spec = { expirationSeconds, audiences: audience === undefined ? [] : [audience] };
      const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });
      const answer = await client.json({ method: 'POST', path: resourcePath(accounts, { namespace, name, subresource: 'token' }), body });
      return (answer as { readonly status: { readonly token: string } }).status.token;
    },
    async registerNode(node) {
      const { name } = node.metadata;
      if (!(await nodes.find({ name }))) await nodes.create(node);
      await nodes.patch({ name }, { type: 'merge', body: { status: Reflect.get(node, 'status') } }, { subresource: 'status' });
    },
  };
}

/** 404: the pod is gone. 409: another pod has its name by now (uids differ). Either way there is nothing to do. */
async function unlessGone(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (reason) {
    if (!isNotFound(reason) && !isConflict(reason)) throw reason;
  }
}
