{{/* Labels of every object. */}}
{{- define "sluice.labels" -}}
app.kubernetes.io/name: sluice
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Behind the names of what has no namespace, for a second release in one cluster. */}}
{{- define "sluice.clusterSuffix" -}}
{{- with .Values.clusterSuffix }}-{{ . }}{{ end }}
{{- end }}

{{/* What pods of one component are found by. Never the version: selectors cannot change. Takes root, component. */}}
{{- define "sluice.selector" -}}
app.kubernetes.io/name: sluice
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Metadata of a namespaced object of one component. Takes root, component; name, when it is not the component's. */}}
{{- define "sluice.metadata" -}}
name: {{ .name | default (printf "sluice-%s" .component) }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "sluice.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Takes root, component. A digest says more than a tag, and goes before it. */}}
{{- define "sluice.image" -}}
{{- $digest := get .root.Values.image.digests .component -}}
{{ .root.Values.image.repository }}/{{ .component }}{{ if $digest }}@{{ $digest }}{{ else }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{/* Where proxies, sidecars and the autoscaler find the config service. */}}
{{- define "sluice.configService" -}}
sluice-config-server.{{ .Release.Namespace }}.svc:{{ .Values.configServer.port }}
{{- end }}
