{{/* Nodes are emptied a few pods at a time. Only where there are several: with one it would be in the way of nothing. Takes root, component, values. */}}
{{- define "sluice.disruptionBudget" -}}
{{- $autoscaling := .values.autoscaling | default dict -}}
{{- $least := ternary $autoscaling.minReplicas .values.replicas ($autoscaling.enabled | default false) -}}
{{- if gt (int $least) 1 -}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "sluice.metadata" . | nindent 2 }}
spec:
  # Rounded up: one of two to five.
  maxUnavailable: 20%
  # A pod that is not ready serves nobody, and must not keep its node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "sluice.selector" . | nindent 6 }}
{{- end }}
{{- end }}

{{/* More pods when they have much to do. Takes root, component, values. */}}
{{- define "sluice.podAutoscaler" -}}
{{- with .values.autoscaling -}}
{{- if .enabled -}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "sluice.metadata" $ | nindent 2 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: sluice-{{ $.component }} }
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  metrics:
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: {{ .targetCPUUtilizationPercentage }} } }
  behavior:
    # A pod that goes drains for minutes: rather later than to and fro.
    scaleDown: { stabilizationWindowSeconds: 300 }
{{- end }}
{{- end }}
{{- end }}

{{/* Refuses times that no replica would start with. Absent ones are Knative's. */}}
{{- define "sluice.checkLeaderElection" -}}
{{- $config := .Values.leaderElectionConfig -}}
{{- $lease := index $config "lease-duration" | default "60s" | trimSuffix "s" | int -}}
{{- $deadline := index $config "renew-deadline" | default "40s" | trimSuffix "s" | int -}}
{{- $retry := index $config "retry-period" | default "10s" | trimSuffix "s" | int -}}
{{- if not (and (gt $lease $deadline) (gt (mul $deadline 5) (mul $retry 6))) }}
{{- fail (printf "leaderElectionConfig: lease-duration (%ds) must be longer than renew-deadline (%ds), and that longer than retry-period (%ds) and a fifth" $lease $deadline $retry) }}
{{- end }}
{{- end }}

{{/* The parts into which autoscalers divide the revisions, by the names of their Leases: YAML text of a list. */}}
{{- define "sluice.buckets" -}}
{{- $count := int .Values.leaderElectionConfig.buckets -}}
{{- range $index := until $count }}
- {{ printf "autoscaler-bucket-%02d-of-%02d" $index $count }}
{{- end }}
{{- end }}
