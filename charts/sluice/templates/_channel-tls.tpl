{{/*
TLS between the config service and its clients: what each of them mounts, and is told. A Secret's key is seen by whom it belongs to and by
nobody else. Files are mounted as folders, since those alone follow a Secret that is renewed.
*/}}

{{/* Volumes of the config service: its own certificate, and the authority of its clients. */}}
{{- define "sluice.serverCertificates" -}}
{{- with .Values.configServer.tls }}
{{- $all := list }}
{{- with .secretName }}{{ $all = append $all (dict "name" "certificate" "folder" "/etc/sluice/certificate" "volume" (dict "secret" (dict "secretName" .))) }}{{ end }}
{{- with .clientSecretName }}{{ $all = append $all (dict "name" "client-authority" "folder" "/etc/sluice/client-authority" "volume" (include "sluice.authorityOf" . | fromYaml)) }}{{ end }}
{{- toYaml $all }}
{{- end }}
{{- end }}

{{- define "sluice.serverTlsArgs" -}}
{{- $args := list }}
{{- with .Values.configServer.tls }}
{{- if .secretName }}{{ $args = concat $args (list "--tls-certificate=/etc/sluice/certificate/tls.crt" "--tls-key=/etc/sluice/certificate/tls.key") }}{{ end }}
{{- if .clientSecretName }}
{{- if not .secretName }}{{ fail "configServer.tls.clientSecretName needs configServer.tls.secretName: who shows no certificate cannot ask for one" }}{{ end }}
{{- $args = append $args "--tls-client-ca=/etc/sluice/client-authority/ca.crt" }}
{{- end }}
{{- end }}
{{- toYaml $args }}
{{- end }}

{{/* Volumes of gateways, activators and the autoscaler: the authority of the config service, and their own certificate. */}}
{{- define "sluice.clientCertificates" -}}
{{- with .Values.configServer.tls }}
{{- $all := list }}
{{- with .secretName }}{{ $all = append $all (dict "name" "config-service-authority" "folder" "/etc/sluice/config-service-authority" "volume" (include "sluice.authorityOf" . | fromYaml)) }}{{ end }}
{{- with .clientSecretName }}{{ $all = append $all (dict "name" "certificate" "folder" "/etc/sluice/certificate" "volume" (dict "secret" (dict "secretName" .))) }}{{ end }}
{{- toYaml $all }}
{{- end }}
{{- end }}

{{- define "sluice.clientTlsArgs" -}}
{{- $args := list }}
{{- with .Values.configServer.tls }}
{{- if .secretName }}{{ $args = append $args "--config-service-ca=/etc/sluice/config-service-authority/ca.crt" }}{{ end }}
{{- if .clientSecretName }}{{ $args = concat $args (list "--config-service-certificate=/etc/sluice/certificate/tls.crt" "--config-service-key=/etc/sluice/certificate/tls.key") }}{{ end }}
{{- end }}
{{- toYaml $args }}
{{- end }}

{{/* Where sidecars report: nowhere where they would have to show a certificate, since pods in users' namespaces have none to show. */}}
{{- define "sluice.sidecarArgs" -}}
{{- $args := list }}
{{- with .Values.configServer.tls }}
{{- if not .clientSecretName }}
{{- $args = append $args (printf "--config-service=%s" (include "sluice.configService" $)) }}
{{- if .secretName }}{{ $args = append $args "--config-service-ca=/etc/sluice/config-service-authority/ca.crt" }}{{ end }}
{{- end }}
{{- end }}
{{- toYaml $args }}
{{- end }}

{{/* What the controller reads for them. */}}
{{- define "sluice.sidecarAuthority" -}}
{{- $all := list }}
{{- with .Values.configServer.tls }}
{{- if and .secretName (not .clientSecretName) }}{{ $all = append $all (dict "name" "config-service-authority" "folder" "/etc/sluice/config-service-authority" "volume" (include "sluice.authorityOf" .secretName | fromYaml)) }}{{ end }}
{{- end }}
{{- toYaml $all }}
{{- end }}

{{/* The authority in a Secret, and not the key beside it. Takes the Secret's name. */}}
{{- define "sluice.authorityOf" -}}
secret:
  secretName: {{ . }}
  items: [{ key: ca.crt, path: ca.crt }]
{{- end }}
