//! The guard at `kubectl apply`: a `ValidatingAdmissionPolicy` for each kind, made from the same table as the guard before
//! each call ([`members`]). Written to `deploy/guard/` by `crdgen`. Pure.
//!
//! The API server knows neither the operator's account nor what the operator made itself, so this is the first answer and
//! not the last one: it refuses early what is plainly not granted, and everything it lets through is judged again at the
//! call. It never stands in the way of a deletion: an update is judged only where the spec changes, and where there is no
//! policy only creation is refused. Beside it the roles of those who are governed by it.

use crate::api::crds;
use crate::aws::guard::members::{EXPOSED, LOAD_BALANCER, Member, RULE, SERVICE, TASK, When};
use crate::domain::grant::Slot;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const GROUP: &str = "ecs-operator.io";
const VERSION: &str = "v1alpha1";
const API: &str = "admissionregistration.k8s.io/v1";

/// Members of one kind: where they stand below `object`, and which.
struct Guarded {
    kind: &'static str,
    parts: &'static [(&'static str, &'static [Member])],
}

const GUARDED: &[Guarded] = &[
    Guarded { kind: "EcsTaskDefinition", parts: &[("spec", TASK)] },
    Guarded { kind: "EcsService", parts: &[("spec", SERVICE), ("spec", EXPOSED), ("spec.taskDefinitionTemplate", TASK)] },
    Guarded { kind: "EcsListenerRule", parts: &[("spec", RULE)] },
    Guarded { kind: "EcsLoadBalancer", parts: &[("spec", LOAD_BALANCER)] },
];

/// The policies and their bindings, as they are written to `deploy/guard/policies.yaml`.
pub fn policies() -> Vec<Value> {
    GUARDED.iter().flat_map(|guarded| [policy(guarded), binding(guarded, true), binding(guarded, false)]).collect()
}

/// The second rule, for those who want it: whoever applies an object must have the verb `pass` on `iamroles` of the group, as
/// IAM asks for `iam:PassRole`.
pub fn requester() -> Vec<Value> {
    let guarded = |kind: &str| GUARDED.iter().find(|guarded| guarded.kind == kind);
    ["EcsTaskDefinition", "EcsService"]
        .into_iter()
        .filter_map(guarded)
        .flat_map(|it| [pass_policy(it), pass_binding(it)])
        .collect()
}

/// Who may write what: whoever may edit a namespace may write every kind there but its policy, and read that and the connections. The policy is
/// written by administrators of the cluster alone: no role here names it with another verb.
pub fn roles() -> Vec<Value> {
    const READ: [&str; 3] = ["get", "list", "watch"];
    const WRITE: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];
    let kinds: Vec<_> = crds().into_iter().map(|crd| (crd.spec.names.plural, crd.spec.names.kind)).collect();
    let all: Vec<&String> = kinds.iter().map(|(plural, _)| plural).collect();
    let is_for_administrators = |kind: &str| ["EcsNamespacePolicy", "AwsConnection"].contains(&kind);
    let written: Vec<&String> = kinds.iter().filter(|(_, kind)| !is_for_administrators(kind)).map(|(plural, _)| plural).collect();
    let all_verbs = [READ.as_slice(), WRITE.as_slice()].concat();
    let role = |name: &str, to: &[&str], rules: Value| {
        let label = |to: &&str| (format!("rbac.authorization.k8s.io/aggregate-to-{to}"), json!("true"));
        let labels: Map<String, Value> = to.iter().map(label).collect();
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name, "labels": labels},
            "rules": rules})
    };
    vec![
        role(
            "ecs-operator-edit",
            &["edit", "admin"],
            json!([
                {"apiGroups": [GROUP], "resources": written, "verbs": all_verbs},
                {"apiGroups": [GROUP], "resources": ["ecsservices/scale"], "verbs": ["get", "update", "patch"]},
            ]),
        ),
        role("ecs-operator-view", &["view", "edit", "admin"], json!([{"apiGroups": [GROUP], "resources": all, "verbs": READ}])),
    ]
}

fn plural(kind: &str) -> String {
    let of_kind = crds().into_iter().find(|crd| crd.spec.names.kind == kind);
    of_kind.map_or_else(String::new, |crd| crd.spec.names.plural)
}

fn rules(kind: &str, operations: &[&str]) -> Value {
    json!([{"apiGroups": [GROUP], "apiVersions": [VERSION], "operations": operations, "resources": [plural(kind)]}])
}

/// Updates that leave the spec alone are not judged: a finalizer is taken off, a label set, a status written.
fn conditions() -> Value {
    json!([
        {"name": "the-spec-is-new", "expression": "request.operation == 'CREATE' || object.spec != oldObject.spec"},
        {"name": "it-is-not-being-deleted", "expression": "!has(object.metadata.deletionTimestamp)"},
    ])
}

fn policy(guarded: &Guarded) -> Value {
    let slots: BTreeSet<Slot> = guarded.parts.iter().flat_map(|(_, members)| *members).map(|member| member.slot).collect();
    let variables = slots.into_iter().map(|slot| json!({"name": variable(slot), "expression": entries(slot)}));
    let mut validations = Vec::new();
    for (below, members) in guarded.parts {
        validations.extend(members.iter().map(|member| {
            let judged = judged(below, member);
            json!({
                "expression": format!("params.spec.?mode.orValue('Enforce') in ['Warn', 'Audit'] || {judged}"),
                "message": format!(
                    "{below}.{}: not granted to this namespace; an administrator grants it in {} of EcsNamespacePolicy default",
                    member.path,
                    member.slot.field()
                ),
                "reason": "Forbidden",
            })
        }));
    }
    json!({
        "apiVersion": API, "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": format!("{}.guard.{GROUP}", plural(guarded.kind))},
        "spec": {
            "failurePolicy": "Fail",
            "paramKind": {"apiVersion": format!("{GROUP}/{VERSION}"), "kind": "EcsNamespacePolicy"},
            "matchConstraints": {"resourceRules": rules(guarded.kind, &["CREATE", "UPDATE"])},
            "matchConditions": conditions(),
            "variables": variables.collect::<Vec<_>>(),
            "validations": validations,
        },
    })
}

/// Without a policy in the namespace nothing is created. What is there can be updated all the same, or a finalizer could not be
/// taken off; what an edit asks for then is refused at the call.
fn binding(guarded: &Guarded, creates: bool) -> Value {
    let (operation, absent) = if creates { ("CREATE", "Deny") } else { ("UPDATE", "Allow") };
    json!({
        "apiVersion": API, "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": format!("{}.{}.guard.{GROUP}", operation.to_lowercase(), plural(guarded.kind))},
        "spec": {
            "policyName": format!("{}.guard.{GROUP}", plural(guarded.kind)),
            "validationActions": ["Deny"],
            "paramRef": {"name": "default", "parameterNotFoundAction": absent},
            "matchResources": {"resourceRules": rules(guarded.kind, &[operation])},
        },
    })
}

fn variable(slot: Slot) -> String {
    slot.field().replace("ec2.", "")
}

/// What a policy has in a slot: entries, or whether it allows it.
fn entries(slot: Slot) -> String {
    let path = optional("params.spec", slot.field());
    let unset = if is_switch(slot) { "false" } else { "[]" };
    format!("{path}.orValue({unset})")
}

/// Members below `root`, each of which may be absent.
fn optional(root: &str, path: &str) -> String {
    path.split('.').filter(|name| !name.is_empty()).fold(root.to_owned(), |chain, name| format!("{chain}.?{name}"))
}

const fn is_switch(slot: Slot) -> bool {
    matches!(slot, Slot::Privileged | Slot::HostNetwork | Slot::HostPid | Slot::HostIpc | Slot::HostVolumes | Slot::HostDevices)
}

/// The expression that holds when every value of a member is granted.
fn judged(below: &str, member: &Member) -> String {
    if member.path == "family" {
        return family(below);
    }
    let leaf = |value: &str| {
        let granted = granted(member, value);
        match member.when {
            When::Any => format!("({value} == '' || {granted})"),
            When::True => format!("(!{value} || {granted})"),
            When::Is(word) => format!("({value}.lowerAscii() != '{word}' || {granted})"),
            When::Not(word) => format!("({value} in ['', '{word}', '{word}:true'] || {granted})"),
            When::Arn => format!("(!{value}.startsWith('arn:') || {granted})"),
        }
    };
    let unset = if member.when == When::True { "false" } else { "''" };
    let root = optional("object", below);
    all(&root, member.path, unset, 0, &leaf)
}

/// Goes down `path` from `root` and holds where `leaf` holds of all that is there.
fn all(root: &str, path: &str, unset: &str, depth: usize, leaf: &dyn Fn(&str) -> String) -> String {
    let end = path.find(['[', '{']).unwrap_or(path.len());
    let (names, rest) = path.split_at(end);
    let chain = optional(root, names);
    let each = format!("v{depth}");
    if let Some(rest) = rest.strip_prefix("[]") {
        let inner = match rest.strip_prefix('.') {
            Some(rest) => all(&each, rest, unset, depth + 1, leaf),
            None => leaf(&each),
        };
        return format!("{chain}.orValue([]).all({each}, {inner})");
    }
    match rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some("") => format!("{chain}.orValue({{}}).all(key, [{chain}.orValue({{}})[key]].all({each}, {}))", leaf(&each)),
        Some(key) => format!("[{chain}[?'{key}'].orValue('')].all({each}, {})", leaf(&each)),
        None => format!("[{chain}.orValue({unset})].all({each}, {})", leaf(&each)),
    }
}

/// Whether a value stands in the slot of its member.
fn granted(member: &Member, value: &str) -> String {
    let slot = member.slot;
    let variable = format!("variables.{}", variable(slot));
    if is_switch(slot) {
        return variable;
    }
    // Images are open until somebody lists some.
    let open = if slot == Slot::Images { "!has(params.spec.images) || " } else { "" };
    if slot == Slot::Listeners {
        let at = format!("[{value}.replace(':listener-rule/', ':listener/')]");
        let same = takes("q", "f", " || f.startsWith(q + '/')");
        let pairs = format!("{variable}.filter(it, '*' in it.hosts).map(it, it.arn)");
        return format!("{at}.all(f0, {pairs}.exists(p, {}))", compared("f0", "''", &same));
    }
    if slot == Slot::Families {
        let name = format!("({value}.startsWith('arn:') ? {value}.split('/')[1] : {value}).split(':')[0]");
        return format!("[{name}].all(f, {variable}.exists(q, {}))", takes("q", "f", ""));
    }
    if slot.resources().is_empty() {
        return format!("({open}{variable}.exists(q, {}))", takes("q", value, ""));
    }
    let also = if slot == Slot::Secrets { " || f.startsWith(q + ':')" } else { "" };
    let one = format!("{variable}.exists(p, {})", compared("f0", bare(slot), &takes("q", "f", also)));
    // `credentialspec:` and the like stand before the ARN.
    let plain = if member.path.ends_with("credentialSpecs[]") {
        format!("{value}.substring({value}.indexOf(':') + 1)")
    } else {
        value.to_owned()
    };
    format!("[{plain}].all(f0, {one})")
}

/// Compares an entry `p` with a value: as ARNs if both are, else by their resources alone, since the account is not known here.
fn compared(value: &str, bare: &str, same: &str) -> String {
    let entry = format!("[p.startsWith('arn:') && !{value}.startsWith('arn:') ? p.split(':', 6)[5] : p]");
    let value = format!("[!{value}.startsWith('arn:') ? {bare} : p.startsWith('arn:') ? {value} : {value}.split(':', 6)[5]]");
    format!("{entry}.exists(q, {value}.exists(f, {same}))")
}

/// The resource of a value that is no ARN.
const fn bare(slot: Slot) -> &'static str {
    match slot {
        Slot::TaskRoles | Slot::ExecutionRoles | Slot::InfrastructureRoles => "(f0.startsWith('/') ? 'role' : 'role/') + f0",
        Slot::Clusters => "'cluster/' + f0",
        Slot::LoadBalancers => "'loadbalancer/' + f0",
        Slot::Keys => "(f0.startsWith('alias/') ? '' : 'key/') + f0",
        Slot::Secrets => "(f0.startsWith('/') ? 'parameter' : 'parameter/') + f0",
        _ => "f0",
    }
}

/// Whether an entry takes a value: it is the same, or begins like it and does not climb out.
fn takes(entry: &str, value: &str, also: &str) -> String {
    format!(
        "({entry}.endsWith('*') ? {value}.startsWith({entry}.substring(0, {entry}.size() - 1)) && !{value}.contains('/../') : {value} == {entry}{also})"
    )
}

/// A family that is not listed may be the object's own name, as long as the policy lists none.
fn family(below: &str) -> String {
    let root = optional("object", below);
    let named = format!("[{root}.?family.orValue(object.metadata.name)]");
    let listed = format!("variables.families.exists(q, {})", takes("q", "f", ""));
    let judged = format!("{named}.all(f, has(params.spec.families) ? {listed} : f == object.metadata.name)");
    // A service may have no template.
    if below == "spec" { judged } else { format!("(!{root}.hasValue() || {judged})") }
}

/// The roles of a kind, each asked about with the name of the verb that IAM has for it.
fn pass_policy(guarded: &Guarded) -> Value {
    let mut validations = Vec::new();
    for (below, members) in guarded.parts {
        let roles = members.iter().filter(|member| member.slot.is_role());
        validations.extend(roles.map(|member| {
            let root = optional("object", below);
            let may = |value: &str| {
                format!(
                    "({value} == '' || authorizer.group('{GROUP}').resource('iamroles').namespace(request.namespace).name({value}).check('pass').allowed())"
                )
            };
            json!({
                "expression": all(&root, member.path, "''", 0, &may),
                "message": format!(
                    "{below}.{}: you may not pass this role; it takes the verb pass on iamroles of {GROUP} with the role's ARN as resourceName",
                    member.path
                ),
                "reason": "Forbidden",
            })
        }));
    }
    let mut conditions = conditions();
    if let Some(all) = conditions.as_array_mut() {
        // What the operator makes from a service was asked about when somebody applied the service.
        all.push(json!({
            "name": "the-operator-passes-on-what-was-asked-about",
            "expression": "request.userInfo.username != 'system:serviceaccount:ecs-system:ecs-operator'",
        }));
    }
    json!({
        "apiVersion": API, "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": format!("{}.pass.{GROUP}", plural(guarded.kind))},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": rules(guarded.kind, &["CREATE", "UPDATE"])},
            "matchConditions": conditions,
            "validations": validations,
        },
    })
}

fn pass_binding(guarded: &Guarded) -> Value {
    let name = format!("{}.pass.{GROUP}", plural(guarded.kind));
    json!({
        "apiVersion": API, "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    })
}
