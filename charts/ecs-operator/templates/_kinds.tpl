{{/*
The kinds, as the definitions in files/crds name them: a new kind is here once its definition is. What differs from kind to kind
stands below.
*/}}

{{/* Kinds that the operator makes for other objects, as it makes an EcsTargetGroup for an EcsService. */}}
{{- define "ecs-operator.children" -}}
ecslistenerrules ecstargetgroups ecstaskdefinitions
{{- end }}

{{/* Kinds that say what a namespace may do in AWS. Only administrators of the cluster write them: no ClusterRole gives that away. */}}
{{- define "ecs-operator.policies" -}}
awsconnections ecsnamespacepolicies
{{- end }}

{{/* Plurals of the kinds in scope "Namespaced" or "Cluster", as JSON: {"of": […]}. Call with (dict "root" $ "scope" …). */}}
{{- define "ecs-operator.kinds" -}}
{{- $kinds := list }}
{{- range $path, $content := .root.Files.Glob "files/crds/*.ecs-operator.io.yaml" }}
{{- if regexMatch (printf "(?m)^  scope: %s$" $.scope) (toString $content) }}
{{- $kinds = append $kinds (base $path | splitList "." | first) }}
{{- end }}
{{- end }}
{{- dict "of" (sortAlpha $kinds) | toJson }}
{{- end }}

{{/*
What the operator may do with its own objects, as rules. tests/chart says for each of them which line of code needs it.
Call with (dict "root" $ "scope" …).
*/}}
{{- define "ecs-operator.rules" -}}
{{- $kinds := (include "ecs-operator.kinds" . | fromJson).of }}
{{- if $kinds }}
{{- $children := include "ecs-operator.children" . | splitList " " }}
- apiGroups: [ecs-operator.io]
  resources:
  {{- range $kinds }}
  - {{ . }}
  {{- end }}
  verbs: [list, watch, patch]
- apiGroups: [ecs-operator.io]
  resources:
  {{- range $kinds }}
  - {{ . }}/status
  {{- end }}
  verbs: [patch]
{{- if eq .scope "Namespaced" }}
- apiGroups: [ecs-operator.io]
  resources:
  {{- range $kinds }}
  {{- if has . $children }}
  - {{ . }}
  {{- end }}
  {{- end }}
  verbs: [create, delete]
# Only for clusters that check who may block the deletion of an owner (admission plugin OwnerReferencesPermissionEnforcement).
- apiGroups: [ecs-operator.io]
  resources: [ecsservices/finalizers]
  verbs: [update]
{{- end }}
{{- end }}
{{- end }}

{{- define "ecs-operator.eventRule" -}}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end }}

{{/* Of two installations that would work on the same objects one waits: it does not get this Lease. */}}
{{- define "ecs-operator.claimRule" -}}
{{ include "ecs-operator.leaseRules" "ecs-operator.io" }}
{{- end }}

{{/* Holding the Lease of a name. */}}
{{- define "ecs-operator.leaseRules" -}}
# A name cannot be asked for when something is created.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ . }}]
  verbs: [get, update]
{{- end }}

{{/* The UID of this namespace is the name of the installation, unless one is set. */}}
{{- define "ecs-operator.installationRule" -}}
- apiGroups: [""]
  resources: [namespaces]
  resourceNames: [kube-system]
  verbs: [get]
{{- end }}

{{/* The labels of namespaces: an AwsConnection may select namespaces by them. Of those that are watched, and no others. */}}
{{- define "ecs-operator.namespacesRule" -}}
- apiGroups: [""]
  resources: [namespaces]
  {{- with .Values.watchNamespaces }}
  resourceNames:
  {{- range . }}
  - {{ . }}
  {{- end }}
  {{- end }}
  verbs: [list, watch]
{{- end }}
