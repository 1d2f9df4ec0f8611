/** The two kinds of webhook configurations, as far as they are read here. */
import type { KubernetesObject, ResourceKind } from '@sluice/kubernetes';

export interface WebhookConfiguration extends KubernetesObject {
  readonly webhooks?: readonly {
    readonly name: string;
    /** In base64. */
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

const base = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false } as const;

export const mutatingWebhookConfigurations: ResourceKind<WebhookConfiguration> = {
  ...base,
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
};

export const validatingWebhookConfigurations: ResourceKind<WebhookConfiguration> = {
  ...base,
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
};
