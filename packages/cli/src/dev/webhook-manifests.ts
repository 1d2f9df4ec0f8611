/**
 * How the local API server asks the injector: the same webhooks as the chart's, so that a wrong Service is refused at the door. When the injector is
 * away, writes go on without it, and what is wrong is said on the object's status: on a laptop nobody else depends on a refusal.
 */
import type { ManifestObject } from '../manifests/read.ts';

/** Knative's names, which people see in refusals. */
export const webhookNames = {
  defaulting: 'webhook.serving.knative.dev',
  validation: 'validation.webhook.serving.knative.dev',
  configMaps: 'config.webhook.serving.knative.dev',
} as const;

const group = 'admissionregistration.k8s.io/v1';
const written = { operations: ['CREATE', 'UPDATE'] };
const servingRules = [
  { apiGroups: ['serving.knative.dev'], apiVersions: ['v1'], resources: ['services', 'configurations', 'revisions', 'routes'], ...written },
  { apiGroups: ['serving.knative.dev'], apiVersions: ['v1beta1'], resources: ['domainmappings'], ...written },
  { apiGroups: ['networking.internal.knative.dev'], apiVersions: ['v1alpha1'], resources: ['ingresses'], ...written },
];

/** @param namespace of the system */
export function webhookManifests(namespace: string): ManifestObject[] {
  const webhook = (name: string, path: string, rules: readonly object[], more: object = {}) => ({
    name,
    clientConfig: { service: { namespace, name: 'sluice-injector', path, port: 443 } },
    rules,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Ignore',
    timeoutSeconds: 3,
    ...more,
  });
  const configuration = (kind: string, hook: { readonly name: string }): ManifestObject => ({ apiVersion: group, kind, metadata: { name: hook.name }, webhooks: [hook] });
  const here = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } };
  const mapRules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], ...written }];
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'sluice-injector', namespace, labels: { app: 'injector' } },
      spec: { selector: { app: 'injector' }, ports: [{ name: 'webhook', port: 443, targetPort: 8443, protocol: 'TCP' }] },
    },
    // Filled and renewed by the injector.
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sluice-injector-certificates', namespace } },
    configuration('MutatingWebhookConfiguration', webhook(webhookNames.defaulting, '/defaulting', servingRules)),
    configuration('ValidatingWebhookConfiguration', webhook(webhookNames.validation, '/validation', servingRules)),
    configuration('ValidatingWebhookConfiguration', webhook(webhookNames.configMaps, '/config-validation', mapRules, here)),
  ];
}
