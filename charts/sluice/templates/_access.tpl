{{/* Who a component is to the API server. Takes root, component. Tokens are mounted only where a pod asks for one. */}}
{{- define "sluice.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "sluice.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end }}

{{/* What a component may do in the whole cluster. Takes root, component, rules (YAML text). */}}
{{- define "sluice.clusterRole" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: sluice-{{ .component }}{{ include "sluice.clusterSuffix" .root }}
  labels:
    {{- include "sluice.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: sluice-{{ .component }}{{ include "sluice.clusterSuffix" .root }}
  labels:
    {{- include "sluice.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: sluice-{{ .component }}{{ include "sluice.clusterSuffix" .root }} }
subjects:
  - { kind: ServiceAccount, name: sluice-{{ .component }}, namespace: {{ .root.Release.Namespace }} }
{{- end }}
