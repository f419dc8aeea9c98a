{{/*
Refuses what cannot work, with a sentence. `helm template` and `helm lint` see an empty cluster, so they check the values only.
*/}}

{{- define "ecs-operator.guard" -}}
{{- if and (not .Values.settings.leaderElection) (gt (int .Values.replicas) 1) }}
{{- fail "settings.leaderElection is off, so replicas must be 1: without the Lease every replica would work" }}
{{- end }}
{{- if gt (int .Values.settings.pollRollingSeconds) (int .Values.settings.pollSettledSeconds) }}
{{- fail "settings.pollRollingSeconds must not be longer than settings.pollSettledSeconds" }}
{{- end }}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.service) }}
{{- fail "metrics.serviceMonitor.enabled needs metrics.service: a ServiceMonitor finds pods through a Service" }}
{{- end }}
{{- if and .Values.admission.enabled (eq .Values.settings.guard "off") }}
{{- fail "admission.enabled would refuse what settings.guard=off lets pass; switch both on or both off" }}
{{- end }}
{{- if .Values.refuseSecondRelease }}
{{- include "ecs-operator.onlyRelease" . }}
{{- end }}
{{- end }}

{{/* The release that an object belongs to, if it is not this one: "release A in namespace B". Call with (dict "root" $ "object" …). */}}
{{- define "ecs-operator.otherRelease" -}}
{{- if .object }}
{{- $annotations := dig "metadata" "annotations" (dict) .object }}
{{- $name := get $annotations "meta.helm.sh/release-name" }}
{{- $namespace := get $annotations "meta.helm.sh/release-namespace" }}
{{- if not (and (eq $name .root.Release.Name) (eq $namespace .root.Release.Namespace)) }}
{{- if $name }}release {{ $name }} in namespace {{ $namespace }}{{ else }}something other than Helm{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ecs-operator.onlyRelease" -}}
{{- $root := . }}
{{- $rbac := "rbac.authorization.k8s.io/v1" }}
{{- $role := include "ecs-operator.role" . }}
{{- $advice := "Two operators must not work on the same objects. Uninstall one, give each its own watchNamespaces and release namespace, or set refuseSecondRelease=false if you know that it does not run." }}
{{- if .Values.rbac.create }}
{{- with include "ecs-operator.otherRelease" (dict "root" $root "object" (lookup $rbac "ClusterRole" "" $role)) }}
{{- fail (printf "%s works in all namespaces of this cluster already. %s" . $advice) }}
{{- end }}
{{- range $namespace := .Values.watchNamespaces }}
{{- with include "ecs-operator.otherRelease" (dict "root" $root "object" (lookup $rbac "Role" $namespace $role)) }}
{{- fail (printf "%s works in namespace %s already. %s" . $namespace $advice) }}
{{- end }}
{{- else }}
{{- range $found := dig "items" (list) (lookup $rbac "Role" "" "") }}
{{- if eq $found.metadata.name $role }}
{{- with include "ecs-operator.otherRelease" (dict "root" $root "object" $found) }}
{{- fail (printf "%s works in namespace %s already, and this one would work in all. %s" . $found.metadata.namespace $advice) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.settings.leaderElection }}
{{- $namespace := include "ecs-operator.leaseNamespace" . }}
{{- with include "ecs-operator.otherRelease" (dict "root" $root "object" (lookup $rbac "Role" $namespace (printf "%s-lease" $role))) }}
{{- fail (printf "%s has its Lease in namespace %s already, so this one would stand by forever. %s" . $namespace $advice) }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.crds.install }}
{{- range $path, $_ := .Files.Glob "files/crds/*.ecs-operator.io.yaml" }}
{{- $name := base $path | trimSuffix ".yaml" }}
{{- with include "ecs-operator.otherRelease" (dict "root" $root "object" (lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" $name)) }}
{{- fail (printf "the definition %s is there and was installed by %s. Set crds.install=false to leave it to that, or take the definitions over: refuseSecondRelease=false and --take-ownership." $name .) }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.rbac.aggregate }}
{{- with include "ecs-operator.otherRelease" (dict "root" $root "object" (lookup $rbac "ClusterRole" "" (printf "%s-view" $role))) }}
{{- fail (printf "the ClusterRole %s-view is there and was made by %s. Set rbac.aggregate=false." $role .) }}
{{- end }}
{{- end }}
{{- end }}
