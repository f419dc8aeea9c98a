use super::asks::{Adopted, Certificate, SecurityGroups};
use super::*;
use crate::api::namespace_policy::{Ec2Grant, ListenerGrant};
use crate::aws::codec::to_input;
use crate::aws::elb::model::{Action, Condition, NewRule, Patterns, RuleChange};
use crate::aws::{CreateServiceInput, RegisterTaskDefinitionInput, UpdateServiceInput};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use std::collections::BTreeSet as Set;

fn place() -> Place {
    Place { partition: "aws".into(), region: "eu-central-1".into(), account: "111122223333".into() }
}

fn spec(json: Value) -> EcsNamespacePolicySpec {
    serde_json::from_value(json).unwrap()
}

fn guard(policy: Value) -> Guard {
    Guard::of(Some(&spec(policy)), &place())
}

#[expect(clippy::needless_pass_by_value, reason = "json! stands at each call")]
fn task(json: Value) -> RegisterTaskDefinitionInput {
    let mut whole = json!({"family": "web", "containerDefinitions": [{"name": "app", "image": "nginx"}]});
    whole.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
    to_input(&whole).unwrap()
}

fn own() -> Vouched {
    Vouched { own_family: Some("web".into()), ..Vouched::default() }
}

/// What is refused, as `member value`.
fn refused<I: Asks>(guard: &Guard, input: &I) -> Vec<String> {
    guard.refused(input).into_iter().map(|it| format!("{} {}", it.member, it.value)).collect()
}

#[test]
fn without_a_policy_a_task_definition_without_roles_works_and_one_with_a_role_does_not() {
    let guard = Guard::of(None, &place()).vouching(own());
    assert!(guard.grant(task(json!({}))).is_ok());
    let role = guard.grant(task(json!({"taskRoleArn": "arn:aws:iam::111122223333:role/admin"}))).err().unwrap();
    assert_eq!(role.reason(), "RoleNotGranted");
    assert_eq!(
        role.to_string(),
        "taskRoleArn: `arn:aws:iam::111122223333:role/admin` is not granted to this namespace; an administrator grants it in \
         taskRoles of EcsNamespacePolicy default (the namespace has no EcsNamespacePolicy yet)"
    );
}

#[test]
fn a_role_is_granted_for_its_slot_alone() {
    let guard = guard(json!({"taskRoles": ["role/team-*"], "executionRoles": ["role/pull"]})).vouching(own());
    let with =
        |task_role: &str, execution_role: &str| task(json!({"taskRoleArn": task_role, "executionRoleArn": execution_role}));
    assert!(guard.grant(with("arn:aws:iam::111122223333:role/team-a", "pull")).is_ok());
    assert_eq!(refused(&guard, &with("arn:aws:iam::111122223333:role/pull", "team-a")).len(), 2);
}

#[test]
fn everything_that_is_not_granted_is_named() {
    let guard = guard(json!({})).vouching(own());
    let secret = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-x:password::";
    let input = task(json!({
        "taskRoleArn": "a", "executionRoleArn": "b", "networkMode": "host", "pidMode": "host", "ipcMode": "host",
        "volumes": [
            {"name": "root", "host": {"sourcePath": "/"}},
            {"name": "bind", "dockerVolumeConfiguration": {"driver": "local", "driverOpts": {"type": "none", "device": "/"}}},
            {"name": "shared", "dockerVolumeConfiguration": {"scope": "shared"}},
            {"name": "other", "dockerVolumeConfiguration": {"driver": "rexray"}},
            {"name": "efs", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "authorizationConfig": {"accessPointId": "fsap-1"}}},
            {"name": "free", "host": {}},
        ],
        "containerDefinitions": [{
            "name": "app", "image": "nginx", "privileged": true,
            "secrets": [{"name": "A", "valueFrom": secret}],
            "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::bucket/env"}],
            "repositoryCredentials": {"credentialsParameter": secret},
            "credentialSpecs": ["credentialspec:arn:aws:s3:::bucket/spec"],
            "dockerSecurityOptions": ["no-new-privileges:true", "apparmor:unconfined"],
            "linuxParameters": {"capabilities": {"add": ["SYS_ADMIN"], "drop": ["ALL"]}, "devices": [{"hostPath": "/dev/sda"}]},
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/admin", "awslogs-region": "r"},
                "secretOptions": [{"name": "t", "valueFrom": "/admin/token"}]},
            "firelensConfiguration": {"type": "fluentbit", "options": {"config-file-type": "s3", "config-file-value": "arn:aws:s3:::bucket/conf"}},
        }],
    }));
    assert_eq!(
        refused(&guard, &input),
        [
            "taskRoleArn a".to_owned(),
            "executionRoleArn b".to_owned(),
            format!("containerDefinitions[].secrets[].valueFrom {secret}"),
            "containerDefinitions[].logConfiguration.secretOptions[].valueFrom /admin/token".to_owned(),
            "containerDefinitions[].logConfiguration.options{awslogs-group} /admin".to_owned(),
            format!("containerDefinitions[].repositoryCredentials.credentialsParameter {secret}"),
            "containerDefinitions[].environmentFiles[].value arn:aws:s3:::bucket/env".to_owned(),
            "containerDefinitions[].credentialSpecs[] credentialspec:arn:aws:s3:::bucket/spec".to_owned(),
            "containerDefinitions[].firelensConfiguration.options{config-file-value} arn:aws:s3:::bucket/conf".to_owned(),
            "containerDefinitions[].privileged true".to_owned(),
            "containerDefinitions[].dockerSecurityOptions[] apparmor:unconfined".to_owned(),
            "containerDefinitions[].linuxParameters.capabilities.add[] SYS_ADMIN".to_owned(),
            "containerDefinitions[].linuxParameters.devices[].hostPath /dev/sda".to_owned(),
            "networkMode host".to_owned(),
            "pidMode host".to_owned(),
            "ipcMode host".to_owned(),
            "volumes[].host.sourcePath /".to_owned(),
            "volumes[].dockerVolumeConfiguration.driver rexray".to_owned(),
            "volumes[].dockerVolumeConfiguration.scope shared".to_owned(),
            "volumes[].dockerVolumeConfiguration.driverOpts{} /".to_owned(),
            "volumes[].dockerVolumeConfiguration.driverOpts{} none".to_owned(),
            "volumes[].efsVolumeConfiguration.fileSystemId fs-1".to_owned(),
            "volumes[].efsVolumeConfiguration.authorizationConfig.accessPointId fsap-1".to_owned(),
        ]
    );
    let text = guard.grant(input).err().unwrap().to_string();
    assert!(text.contains("nor is executionRoleArn `b`"), "{text}");
}

#[test]
fn what_an_administrator_lists_is_granted() {
    let guard = guard(json!({
        "secrets": ["secret:db-*", "arn:aws:s3:::bucket/*"], "logGroups": ["/team/*"], "fileSystems": ["fs-1", "fsap-1"],
        "images": ["public.ecr.aws/team/*"], "families": ["web"],
        "ec2": {"allowPrivileged": true, "allowHostNetwork": true, "allowHostVolumes": true, "capabilities": ["SYS_PTRACE"]},
    }));
    let input = |image: &str, capability: &str| {
        task(json!({
            "networkMode": "host", "volumes": [{"name": "root", "host": {"sourcePath": "/"}}],
            "containerDefinitions": [{"name": "app", "image": image, "privileged": true,
                "secrets": [{"name": "A", "valueFrom": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-x"}],
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/team/web"}},
                "linuxParameters": {"capabilities": {"add": [capability]}}}],
        }))
    };
    assert_eq!(refused(&guard, &input("public.ecr.aws/team/web:1", "SYS_PTRACE")), [] as [&str; 0]);
    assert_eq!(refused(&guard, &input("evil/web:1", "SYS_ADMIN")).len(), 2);
}

#[test]
fn a_family_is_the_objects_own_until_the_policy_lists_some() {
    let open = guard(json!({})).vouching(own());
    assert!(open.grant(task(json!({}))).is_ok());
    assert_eq!(refused(&open, &task(json!({"family": "payments"}))), ["family payments"]);
    let listed = guard(json!({"families": ["shop-*"]})).vouching(own());
    assert_eq!(refused(&listed, &task(json!({}))), ["family web"]);
    assert!(listed.grant(task(json!({"family": "shop-web"}))).is_ok());
}

#[test]
fn a_service_runs_what_is_vouched_for_and_names_nothing_else() {
    let vouched = Vouched {
        values: Set::from([
            (Slot::Families, "arn:aws:ecs:eu-central-1:111122223333:task-definition/web:7".to_owned()),
            (Slot::TargetGroups, "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/own/1".to_owned()),
        ]),
        ..Vouched::default()
    };
    let guard = guard(json!({"clusters": ["cluster/team"], "subnets": ["subnet-a"]})).vouching(vouched);
    let service = |cluster: &str, revision: &str, group: &str, subnet: &str| -> CreateServiceInput {
        to_input(&json!({
            "cluster": cluster, "serviceName": "web",
            "taskDefinition": format!("arn:aws:ecs:eu-central-1:111122223333:task-definition/{revision}"),
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": [subnet]}},
            "loadBalancers": [{"containerName": "app", "containerPort": 80,
                "targetGroupArn": format!("arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/{group}")}],
        }))
        .unwrap()
    };
    for cluster in ["team", "arn:aws:ecs:eu-central-1:111122223333:cluster/team"] {
        assert_eq!(refused(&guard, &service(cluster, "web:7", "own/1", "subnet-a")), [] as [&str; 0]);
    }
    assert_eq!(refused(&guard, &service("admin", "web:8", "theirs/1", "subnet-b")).len(), 4);
    let nameless: UpdateServiceInput = to_input(&json!({"service": "web", "desiredCount": 3})).unwrap();
    assert_eq!(refused(&guard, &nameless), ["cluster default"], "AWS takes the cluster default where none is named");
}

#[test]
fn every_role_of_a_service_is_one_of_infrastructure() {
    let roles: CreateServiceInput = to_input(&json!({
        "cluster": "team", "serviceName": "web", "role": "r1",
        "loadBalancers": [{"advancedConfiguration": {"roleArn": "r2"}}],
        "deploymentConfiguration": {"lifecycleHooks": [{"roleArn": "r3"}]},
        "serviceConnectConfiguration": {"enabled": true, "services": [
            {"portName": "http", "tls": {"roleArn": "r4", "kmsKey": "k", "issuerCertificateAuthority": {}}}]},
        "volumeConfigurations": [{"name": "data", "managedEBSVolume": {"roleArn": "r5"}}],
        "vpcLatticeConfigurations": [{"roleArn": "r6", "targetGroupArn": "t", "portName": "http"}],
    }))
    .unwrap();
    let guard = guard(json!({"clusters": ["cluster/team"], "keys": ["key/k"]}));
    let roles: Set<String> =
        guard.refused(&roles).into_iter().filter(|it| it.slot == Slot::InfrastructureRoles).map(|it| it.value).collect();
    assert_eq!(roles, ["r1", "r2", "r3", "r4", "r5", "r6"].map(str::to_owned).into());
}

const LISTENER: &str = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shared/1/2";

fn rule(hosts: &[&str]) -> NewRule {
    NewRule {
        listener_arn: LISTENER.into(),
        priority: 1,
        conditions: if hosts.is_empty() {
            Set::new()
        } else {
            Set::from([Condition::HostHeader(Patterns::values(hosts.iter().copied()))])
        },
        actions: vec![Action::forward_to("arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/theirs/1")],
        transforms: Set::new(),
        tags: std::collections::BTreeMap::new(),
    }
}

#[test]
fn a_listener_is_granted_with_its_hosts() {
    let policy = |hosts: &[&str]| {
        guard(json!({"listeners": [{"arn": "listener/app/shared/*", "hosts": hosts}], "targetGroups": ["targetgroup/theirs/1"]}))
    };
    let team = policy(&["*.team.example.com"]);
    assert!(team.grant(rule(&["web.team.example.com"])).is_ok());
    assert!(team.grant(rule(&["WEB.team.example.com"])).is_ok());
    for claimed in [&["shop.example.com"][..], &["web.team.example.com", "shop.example.com"], &["*"], &["*.example.com"], &[]] {
        let told = team.grant(rule(claimed)).err().unwrap();
        assert!(told.slot == Slot::Listeners && told.to_string().contains("*.team.example.com"), "{told}");
    }
    assert!(policy(&["*"]).grant(rule(&[])).is_ok());
    let regex = NewRule { conditions: Set::from([Condition::HostHeader(Patterns::regexes(["web.*"]))]), ..rule(&[]) };
    assert!(team.grant(regex).is_err(), "a regular expression could be any host");
    let change = RuleChange {
        arn: format!("{}/9", LISTENER.replace(":listener/", ":listener-rule/")),
        conditions: Some(Set::from([Condition::HostHeader(Patterns::values(["shop.example.com"]))])),
        ..RuleChange::default()
    };
    assert!(team.grant(change.clone()).is_err());
    assert!(team.grant(RuleChange { conditions: None, ..change }).is_ok());
}

#[test]
fn other_inputs_are_judged_alike() {
    let guard =
        guard(json!({"securityGroups": ["sg-team"], "certificates": ["certificate/team-*"], "adoption": ["service/team/*"]}));
    assert_eq!(refused(&guard, &SecurityGroups(vec!["sg-team".into(), "sg-admin".into()])), ["securityGroups sg-admin"]);
    let certificate = |id: &str| Certificate(format!("arn:aws:acm:eu-central-1:111122223333:certificate/{id}"));
    assert!(guard.grant(certificate("team-1")).is_ok() && guard.grant(certificate("admin")).is_err());
    let adopted = |name: &str| Adopted(format!("arn:aws:ecs:eu-central-1:111122223333:service/{name}"));
    assert!(guard.grant(adopted("team/web")).is_ok() && guard.grant(adopted("admin/web")).is_err());
}

#[test]
fn a_mode_that_is_not_enforce_lets_pass_and_tells() {
    for mode in ["Warn", "Audit"] {
        let granted = guard(json!({"mode": mode})).grant(task(json!({"taskRoleArn": "admin"}))).ok().unwrap();
        let told: Vec<_> = granted.let_pass().iter().map(|it| it.value.as_str()).collect();
        assert_eq!(told, ["admin", "web"], "{mode}");
    }
    assert!(
        guard(json!({"mode": "Newer"})).grant(task(json!({"taskRoleArn": "admin"}))).is_err(),
        "what is not known is enforced"
    );
}

#[test]
fn an_entry_that_says_nothing_grants_nothing_and_the_others_stand() {
    let policy = spec(json!({"taskRoles": ["arn:aws:iam::*", "*", "role/web"]}));
    assert_eq!(problems(&policy, &place()).len(), 2);
    let guard = Guard::of(Some(&policy), &place()).vouching(own());
    assert!(guard.grant(task(json!({"taskRoleArn": "web"}))).is_ok());
    assert!(guard.grant(task(json!({"taskRoleArn": "admin"}))).is_err());
}

#[test]
fn defaults_are_closed() {
    let closed = Ec2Grant::default();
    assert_eq!(closed.allow_privileged, None);
    let listener = ListenerGrant { arn: LISTENER.into(), hosts: vec![] };
    let policy = EcsNamespacePolicySpec { listeners: Some(vec![listener]), ..EcsNamespacePolicySpec::default() };
    assert!(Guard::of(Some(&policy), &place()).grant(rule(&["a.example.com"])).is_err(), "a listener without hosts is none");
}

mod of_a_session {
    use super::*;
    use crate::aws::guard::session::{self, LONGEST, TooLong, lent, tags};

    fn policy(spec: &EcsNamespacePolicySpec, place: &Place) -> Result<String, TooLong> {
        session::policy(spec, &BTreeSet::new(), place)
    }

    #[test]
    fn roles_are_passed_as_the_policy_says_and_to_ecs_alone() {
        let spec = spec(json!({
            "taskRoles": ["role/k8s/prod/shop/*"], "executionRoles": ["arn:aws:iam::111122223333:role/pull"],
            "infrastructureRoles": ["role/infra"],
        }));
        let document: Value = serde_json::from_str(&policy(&spec, &place()).unwrap()).unwrap();
        assert_eq!(
            document["Statement"],
            json!([
                {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
                {"Effect": "Allow", "Action": "iam:PassRole",
                    "Resource": ["arn:aws:iam::111122223333:role/k8s/prod/shop/*", "arn:aws:iam::111122223333:role/pull"],
                    "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}},
                {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/infra",
                    "Condition": {"StringEquals": {"iam:PassedToService": "ecs.amazonaws.com"}}},
            ])
        );
    }

    #[test]
    fn the_roles_of_a_task_definition_of_another_namespace_are_lent_as_the_policy_there_grants_them() {
        let definition = |task: &str| {
            let spec = json!({"containerDefinitions": [], "taskRoleArn": task, "executionRoleArn": "pull"});
            serde_json::from_value(spec).unwrap()
        };
        let theirs = json!({"taskRoles": ["role/theirs/*"], "executionRoles": ["role/pull"]});
        let (role, pull) = ("arn:aws:iam::111122223333:role/theirs/a", "arn:aws:iam::111122223333:role/pull");
        assert_eq!(lent(&spec(theirs.clone()), &definition(role), &place()), [role, pull]);
        assert_eq!(lent(&spec(theirs), &definition("arn:aws:iam::111122223333:role/admin"), &place()), [pull]);
        assert_eq!(lent(&spec(json!({})), &definition(role), &place()), [] as [&str; 0]);
        let open = lent(&spec(json!({"mode": "Audit"})), &definition("arn:aws:iam::111122223333:role/*"), &place());
        assert_eq!(open, [pull], "a mode lets roles pass, and no pattern");

        let with = session::policy(&spec(json!({"taskRoles": ["role/own"]})), &BTreeSet::from([role.to_owned()]), &place());
        let document: Value = serde_json::from_str(&with.unwrap()).unwrap();
        assert_eq!(document["Statement"][1]["Resource"], json!(["arn:aws:iam::111122223333:role/own", role]));
    }

    #[test]
    fn without_roles_none_is_passed() {
        let document = policy(&spec(json!({})), &place()).unwrap();
        assert!(!document.contains("PassRole"), "{document}");
    }

    #[test]
    fn what_does_not_fit_is_refused_and_not_shortened() {
        let roles: Vec<String> = (0..80).map(|number| format!("role/team-with-a-name/{number}")).collect();
        let refused = policy(&spec(json!({"taskRoles": roles})), &place()).unwrap_err();
        assert!(refused.length > LONGEST && refused.to_string().contains("role/<path>/*"), "{refused}");
    }

    #[test]
    fn tags_hold_what_sts_takes() {
        let tags = tags(&"pr(o)d".repeat(100), Some("shop"));
        assert_eq!(tags["ecs-operator.io/namespace"], "shop");
        assert!(tags["ecs-operator.io/installation"].starts_with("pr_o_d") && tags["ecs-operator.io/installation"].len() == 256);
    }
}

/// Roles, and the entries of a policy, with what each entry grants written out by hand.
const ROLES: [&str; 7] = [
    "arn:aws:iam::111122223333:role/a",
    "arn:aws:iam::111122223333:role/ab",
    "arn:aws:iam::111122223333:role/a/b",
    "arn:aws:iam::111122223333:role/b",
    "arn:aws:iam::999999999999:role/a",
    "arn:aws-cn:iam::111122223333:role/a",
    "arn:aws:iam::111122223333:role/a/../b",
];
const ENTRIES: [(&str, &[usize]); 6] = [
    ("role/a", &[0]),
    ("role/a*", &[0, 1, 2]),
    ("role/a/*", &[2]),
    ("arn:aws:iam::999999999999:role/*", &[4]),
    ("arn:aws:iam::111122223333:role/b", &[3]),
    ("arn:aws:iam::*", &[]),
];

prop_compose! {
    fn any_policy()(
        task in subsequence((0..ENTRIES.len()).collect::<Vec<_>>(), 0..=3),
        execution in subsequence((0..ENTRIES.len()).collect::<Vec<_>>(), 0..=3),
        infrastructure in subsequence((0..ENTRIES.len()).collect::<Vec<_>>(), 0..=3),
    ) -> [Vec<usize>; 3] {
        [task, execution, infrastructure]
    }
}

fn is_granted(slot: &[usize], role: usize) -> bool {
    slot.iter().any(|entry| ENTRIES[*entry].1.contains(&role))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is declared and whatever the policy says: what is granted holds only roles that the policy grants, and what
    /// holds only such roles is granted.
    #[test]
    fn only_granted_roles_are_ever_sent(
        slots in any_policy(),
        task_role in proptest::option::of(select((0..ROLES.len()).collect::<Vec<_>>())),
        execution_role in proptest::option::of(select((0..ROLES.len()).collect::<Vec<_>>())),
        hooks in proptest::collection::vec(select((0..ROLES.len()).collect::<Vec<_>>()), 0..3),
    ) {
        let entries = |slot: &[usize]| slot.iter().map(|entry| ENTRIES[*entry].0).collect::<Vec<_>>();
        let guard = guard(json!({
            "taskRoles": entries(&slots[0]), "executionRoles": entries(&slots[1]), "infrastructureRoles": entries(&slots[2]),
            "clusters": ["cluster/team"],
        })).vouching(own());
        let mut declared = json!({});
        for (member, role) in [("taskRoleArn", task_role), ("executionRoleArn", execution_role)] {
            if let Some(role) = role {
                declared[member] = json!(ROLES[role]);
            }
        }
        let may = task_role.is_none_or(|role| is_granted(&slots[0], role)) && execution_role.is_none_or(|role| is_granted(&slots[1], role));
        prop_assert_eq!(guard.grant(task(declared)).is_ok(), may);

        let hooked: Vec<_> = hooks.iter().map(|role| json!({"roleArn": ROLES[*role]})).collect();
        let service: CreateServiceInput =
            to_input(&json!({"cluster": "team", "serviceName": "web", "deploymentConfiguration": {"lifecycleHooks": hooked}})).unwrap();
        prop_assert_eq!(guard.grant(service).is_ok(), hooks.iter().all(|role| is_granted(&slots[2], *role)));
    }
}
