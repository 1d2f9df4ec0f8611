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
  {{- if not (dig "autoscaling" "enabled" false .values) }}
  replicas: {{ .values.replicas | default 1 }}
  {{- end }}
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
        {{- with .values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with merge (dict) (.annotations | default dict) (.values.podAnnotations | default dict) }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "sluice.placement" . | trim | nindent 6 }}
      {{- with .root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
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
            {{- range .values.extraArgs }}
            - {{ . | quote }}
            {{- end }}
          env:
            {{- include "sluice.environment" . | nindent 12 }}
            {{- with .values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
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

{{/* Where pods go. Unless it is said otherwise, those of one component keep apart where there is room for that. */}}
{{- define "sluice.placement" -}}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
{{- if hasKey .values "topologySpreadConstraints" }}
  {{- toYaml .values.topologySpreadConstraints | nindent 2 }}
{{- else }}
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "sluice.selector" . | nindent 8 }}
{{- end }}
{{- end }}
