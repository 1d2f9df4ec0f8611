/** An API of the kubelet without a server: it keeps what was written, newest last. */
import type { Pod, PodStatus } from '@sluice/kubernetes';
import type { KubeletApi, ServiceAccountFacts, TokenWish } from '../kubelet/kubelet-api.ts';

type Values = Readonly<Record<string, string>>;

export class RecordingKubeletApi implements KubeletApi {
  readonly bound: { readonly pod: string; readonly nodeName: string; readonly annotations: Values }[] = [];
  readonly annotated: Values[] = [];
  readonly statuses: PodStatus[] = [];
  readonly removed: string[] = [];
  readonly configMaps = new Map<string, Values>();
  readonly secrets = new Map<string, Values>();
  readonly serviceAccounts = new Map<string, ServiceAccountFacts>();
  /** Whose tokens were asked for, oldest first. */
  readonly tokens: string[] = [];

  get status(): PodStatus | undefined {
    return this.statuses.at(-1);
  }

  async bind(pod: Pod, nodeName: string, annotations: Values): Promise<void> {
    this.bound.push({ pod: pod.metadata.name, nodeName, annotations });
  }

  async annotate(_pod: Pod, annotations: Values): Promise<void> {
    this.annotated.push(annotations);
  }

  async writeStatus(_pod: Pod, status: PodStatus): Promise<void> {
    this.statuses.push(status);
  }

  async removePod(pod: Pod): Promise<void> {
    this.removed.push(pod.metadata.name);
  }

  async configMap(_namespace: string, name: string): Promise<Values | undefined> {
    return this.configMaps.get(name);
  }

  async secret(_namespace: string, name: string): Promise<Values | undefined> {
    return this.secrets.get(name);
  }

  async serviceAccount(_namespace: string, name: string): Promise<ServiceAccountFacts | undefined> {
    return this.serviceAccounts.get(name);
  }

  async serviceAccountToken(namespace: string, name: string, { audience = '' }: TokenWish): Promise<string> {
    this.tokens.push(`${namespace}/${name} ${audience}`.trimEnd());
    return `token ${this.tokens.length}`;
  }

  async registerNode(): Promise<void> {}
}
