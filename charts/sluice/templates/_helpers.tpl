{{/* Labels every object carries; selectors use only the first two and the component. */}}
{{- define "sluice.labels" -}}
app.kubernetes.io/name: sluice
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "sluice.image" -}}
{{ .root.Values.image.repository }}/{{ .component }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{/* Where proxies and sidecars find the config service. */}}
{{- define "sluice.configService" -}}
sluice-config-server.{{ .Release.Namespace }}.svc:{{ .Values.configServer.port }}
{{- end }}

{{/* One component: root, component, replicas, resources, args, ports, probe, serviceAccount. */}}
{{- define "sluice.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: sluice-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "sluice.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  replicas: {{ .values.replicas }}
  selector:
    matchLabels:
      app.kubernetes.io/name: sluice
      app.kubernetes.io/instance: {{ .root.Release.Name }}
      app.kubernetes.io/component: {{ .component }}
  strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0}}
  template:
    metadata:
      labels:
        {{- include "sluice.labels" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        app: {{ .component }}
    spec:
      serviceAccountName: sluice-{{ .component }}
      automountServiceAccountToken: {{ .apiAccess }}
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ .graceSeconds }}
      securityContext:
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: {{ .component }}
          image: {{ include "sluice.image" . }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args:
            {{- toYaml .args | nindent 12 }}
          env:
            - {name: SYSTEM_NAMESPACE, value: {{ .root.Release.Namespace }}}
            - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
            - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
            - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
          ports:
            {{- toYaml .ports | nindent 12 }}
          readinessProbe:
            {{- toYaml .probe | nindent 12 }}
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
{{- end }}
