{{/* Names and labels. */}}

{{- define "ecs-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ecs-operator.fullname" -}}
{{- $name := include "ecs-operator.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "ecs-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ecs-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ecs-operator.labels" -}}
{{ include "ecs-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: ecs-operator
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "ecs-operator.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "ecs-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "ecs-operator.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ecs-operator.port" -}}
{{- regexFind "[0-9]+$" .Values.settings.listen }}
{{- end }}

{{- define "ecs-operator.leaseNamespace" -}}
{{- default .Release.Namespace .Values.settings.leaseNamespace }}
{{- end }}

{{/* The grace of the process, what it takes to give the Lease back (two thirds of its duration), and something to spare. */}}
{{- define "ecs-operator.podGrace" -}}
{{- with .Values.settings }}
{{- add (int .shutdownGraceSeconds) (div (mul 2 (int .leaseDurationSeconds)) 3) 5 }}
{{- end }}
{{- end }}

{{/*
Name of the Role or ClusterRole with which the operator works. It is the same for every release, so that no two of them can
work in the same namespace: the second is refused (see _guard.tpl), and if that is switched off, by Helm.
*/}}
{{- define "ecs-operator.role" -}}
ecs-operator
{{- end }}
