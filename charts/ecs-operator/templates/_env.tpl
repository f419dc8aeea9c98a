{{/* The environment of the operator. What is not set is left out, so that its own default counts. */}}
{{- define "ecs-operator.env" -}}
- name: ECS_OPERATOR_WATCH_NAMESPACES
  value: {{ join "," .Values.watchNamespaces | quote }}
{{- with .Values.settings }}
{{- with .installationId }}
- name: ECS_OPERATOR_INSTALLATION_ID
  value: {{ . | quote }}
{{- end }}
- name: ECS_OPERATOR_LEADER_ELECTION
  value: {{ .leaderElection | quote }}
- name: ECS_OPERATOR_LEASE_NAMESPACE
  value: {{ include "ecs-operator.leaseNamespace" $ | quote }}
- name: HOSTNAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: ECS_OPERATOR_LEASE_DURATION_SECONDS
  value: {{ int .leaseDurationSeconds | quote }}
- name: ECS_OPERATOR_POLL_SETTLED_SECONDS
  value: {{ int .pollSettledSeconds | quote }}
- name: ECS_OPERATOR_POLL_ROLLING_SECONDS
  value: {{ int .pollRollingSeconds | quote }}
- name: ECS_OPERATOR_AWS_RATE_SCALE
  value: {{ .awsRateScale | quote }}
- name: ECS_OPERATOR_GUARD
  value: {{ .guard | quote }}
- name: ECS_OPERATOR_DELETION_BRAKE
  value: {{ int .deletionBrake | quote }}
- name: ECS_OPERATOR_DELETION_BRAKE_SECONDS
  value: {{ int .deletionBrakeSeconds | quote }}
- name: ECS_OPERATOR_LISTEN
  value: {{ .listen | quote }}
- name: ECS_OPERATOR_SHUTDOWN_GRACE_SECONDS
  value: {{ int .shutdownGraceSeconds | quote }}
- name: ECS_OPERATOR_LOG_FORMAT
  value: {{ .logFormat | quote }}
- name: RUST_LOG
  value: {{ .logFilter | quote }}
{{- end }}
{{- with .Values.aws.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .Values.aws.endpointUrl }}
- name: AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.aws.credentialsSecret }}
{{- range $key := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ $key }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.aws.credentialsSecret }}
      key: {{ $key }}
{{- end }}
{{- end }}
{{- with .Values.tracing }}
{{- if .endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .endpoint | quote }}
- name: OTEL_SERVICE_NAME
  value: {{ .serviceName | quote }}
- name: OTEL_TRACES_SAMPLER
  value: {{ .sampler | quote }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .samplerArg | quote }}
{{- /* The kubelet puts the name of the pod in. */}}
{{- $attributes := list (printf "k8s.namespace.name=%s" $.Release.Namespace) "k8s.pod.name=$(HOSTNAME)" }}
{{- range $key, $value := .resourceAttributes }}
{{- $attributes = append $attributes (printf "%s=%s" $key $value) }}
{{- end }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ join "," $attributes | quote }}
{{- with .headersSecret }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: headers
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
