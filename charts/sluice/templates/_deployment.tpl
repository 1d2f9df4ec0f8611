{{/*
The Deployment of one component. Takes root, component, values (its part of the values), args, env (names of
variables, see below), ports, readinessProbe, graceSeconds, hasApiAccess, strategy, and, when there are any,
annotations of its pods and certificates (volumes of Secrets, see _channel-tls.tpl).
*/}}
{{- define "sluice.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "sluice.metadata" . | nindent 2 }}
spec:
  replicas: {{ .values.replicas | default 1 }}
  selector:
    matchLabels:
      {{- include "sluice.selector" . | nindent 6 }}
  strategy:
    {{- toYaml .strategy | nindent 4 }}
  template:
    metadata:
      labels:
        {{- include "sluice.labels" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
      {{- with .annotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: sluice-{{ .component }}
      automountServiceAccountToken: {{ .hasApiAccess }}
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ .graceSeconds }}
      securityContext:
        runAsNonRoot: true
        seccompProfile: { type: RuntimeDefault }
      {{- with .certificates }}
      volumes:
        {{- range . }}
        - name: {{ .name }}
          {{- toYaml .volume | nindent 10 }}
        {{- end }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "sluice.image" . | quote }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args:
            {{- range .args }}
            - {{ . | quote }}
            {{- end }}
            - {{ printf "--log-level=%s" .root.Values.logLevel | quote }}
          env:
            {{- include "sluice.environment" . | nindent 12 }}
          ports:
            {{- toYaml .ports | nindent 12 }}
          readinessProbe:
            {{- toYaml .readinessProbe | nindent 12 }}
          terminationMessagePolicy: FallbackToLogsOnError
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          {{- with .certificates }}
          volumeMounts:
            {{- range . }}
            - { name: {{ .name }}, mountPath: {{ .folder }}, readOnly: true }
            {{- end }}
          {{- end }}
{{- end }}

{{/* The variables that a component reads, in the given order: what a pod knows about itself. */}}
{{- define "sluice.environment" -}}
{{- $fields := dict "SYSTEM_NAMESPACE" "metadata.namespace" "POD_NAMESPACE" "metadata.namespace" "POD_NAME" "metadata.name" "POD_IP" "status.podIP" }}
{{- range $index, $name := .env }}
{{- if $index }}{{ "\n" }}{{ end -}}
- name: {{ $name }}
  valueFrom: { fieldRef: { fieldPath: {{ get $fields $name }} } }
{{- end }}
{{- end }}
