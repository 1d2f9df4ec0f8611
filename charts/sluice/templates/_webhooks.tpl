{{/* Metadata of a webhook configuration. Takes root, component, name. */}}
{{- define "sluice.webhookMetadata" -}}
name: {{ .name }}{{ include "sluice.clusterSuffix" .root }}
labels:
  {{- include "sluice.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
{{- with .root.Values.injector.certificates.certificateName }}
annotations:
  # cert-manager's cainjector writes the authority of this Certificate.
  cert-manager.io/inject-ca-from: {{ $.root.Release.Namespace }}/{{ . }}
{{- end }}
{{- end }}

{{/* What all webhooks have in common. Whom to trust is written by whoever makes the certificates. Takes root, path. */}}
{{- define "sluice.webhook" -}}
clientConfig:
  service: { namespace: {{ .root.Release.Namespace }}, name: sluice-injector, path: {{ .path }}, port: 443 }
admissionReviewVersions: [v1]
sideEffects: None
matchPolicy: Equivalent
timeoutSeconds: {{ .root.Values.injector.timeoutSeconds }}
failurePolicy: {{ .root.Values.injector.failurePolicy }}
{{- end }}

{{/* What both webhooks of pods have in common. Takes root. */}}
{{- define "sluice.injectionWebhook" -}}
clientConfig:
  service: { namespace: {{ .root.Release.Namespace }}, name: sluice-injector, path: /injection, port: 443 }
admissionReviewVersions: [v1]
sideEffects: None
matchPolicy: Equivalent
timeoutSeconds: 5
failurePolicy: {{ .root.Values.injector.injection.failurePolicy }}
# Containers that others put in later are seen, too. Asked twice, it does nothing the second time.
reinvocationPolicy: IfNeeded
rules:
  - apiGroups: [""]
    apiVersions: [v1]
    operations: [CREATE]
    resources: [pods]
    scope: Namespaced
{{- end }}

{{/* What a cluster, and this release, need to come up must not wait for a webhook of ours. */}}
{{- define "sluice.otherNamespaces" -}}
- { key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system, kube-public, kube-node-lease, {{ .Release.Namespace }}] }
{{- end }}

{{/* Neither are pods of revisions, which have a proxy of their own. */}}
{{- define "sluice.otherPods" -}}
- { key: serving.knative.dev/revision, operator: DoesNotExist }
{{- end }}
