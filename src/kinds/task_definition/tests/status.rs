//! Status and refusals of a task definition.

use super::declared::family;
use super::site;
use crate::engine::{Plan, Stop};
use crate::kinds::task_definition::{Step, status};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn refusal(spec: &[(&str, Value)]) -> Option<Stop> {
    spec.iter().fold(family("nginx:1"), |family, (field, value)| family.with(field, value.clone())).desired().err()
}

fn fargate(cpu: &str, memory: &str) -> Option<String> {
    refusal(&[("requiresCompatibilities", json!(["FARGATE"])), ("cpu", json!(cpu)), ("memory", json!(memory))])
        .map(|stop| stop.message())
}

#[test]
fn possible_fargate_sizes_pass_in_any_form() {
    for (cpu, memory) in
        [("256", "512"), (".25 vCPU", "0.5 GB"), ("1024", "8192"), ("4 vcpu", "30GB"), ("16384", "32768"), ("32768", "249856")]
    {
        assert_eq!(fargate(cpu, memory), None, "{cpu} {memory}");
    }
}

#[test]
fn an_impossible_fargate_size_is_refused_with_what_is_possible() {
    for (cpu, memory, told) in [
        ("256", "4096", "from 512 to 2048 MiB"),
        ("1024", "1024", "from 2048 to 8192 MiB"),
        ("300", "512", "one of 256, 512"),
        ("a lot", "512", "no task size"),
    ] {
        let message = fargate(cpu, memory).unwrap();
        assert!(message.contains(told), "{message}");
    }
    let stop = refusal(&[("requiresCompatibilities", json!(["FARGATE"]))]).unwrap();
    assert!(!stop.is_waiting() && stop.message().contains("needs cpu and memory"), "{}", stop.message());
    assert_eq!(refusal(&[("requiresCompatibilities", json!(["EC2"])), ("cpu", json!("300"))]), None, "EC2 takes any size");
}

#[test]
fn a_definition_beyond_64_kib_is_refused_before_it_is_sent() {
    let long: Value = (0..70).map(|number| json!({"name": format!("V{number}"), "value": "x".repeat(1000)})).collect();
    let containers = json!([{"name": "app", "image": "nginx:1", "environment": long}]);
    let stop = refusal(&[("containerDefinitions", containers)]).unwrap();
    assert_eq!(stop.reason(), "TooLarge");
    assert!(stop.message().contains("environmentFiles"), "{}", stop.message());
}

#[test]
fn a_refused_declaration_stands_in_status() {
    let mut family = family("nginx:1").with("requiresCompatibilities", json!(["FARGATE"]));
    family.pass();
    assert_eq!(family.ready().0, "InvalidTaskSize");
    assert_eq!((family.condition("Stalled"), family.condition("Reconciling")), (Some(true), None));
}

#[test]
fn an_older_object_that_claims_the_family_wins() {
    let mut family = family("nginx:1");
    family.refs.older_claim = Some("shop/first".to_owned());
    family.pass();
    assert_eq!(family.ready().0, "Conflict");
    assert!(family.ready().1.contains("shop/first"));
}

#[test]
fn what_a_registration_is_found_again_by_stands_in_status_before_it() {
    let family = family("nginx:1");
    let want = family.desired().unwrap();
    let promised = status::promise(&family.status, &want, &Step::Register, &site());
    assert_eq!(promised.pending.unwrap().hash, family.present().hash);
    assert_eq!((promised.account.as_deref(), promised.region.as_deref()), (Some("111122223333"), Some("eu-central-1")));
}

#[test]
fn ready_only_when_the_newest_declaration_is_registered() {
    let mut family = family("nginx:1");
    family.pass();
    assert_eq!(family.ready(), ("Registered".to_owned(), "revision 1 stands for this declaration".to_owned()));
    family.edited("nginx:2");
    family.refused(crate::aws::Kind::Throttled);
    assert_eq!((family.condition("Ready"), family.condition("Reconciling")), (Some(false), Some(true)));
    assert_eq!(family.status.revision, Some(1));
}

#[test]
fn equal_input_gives_an_equal_status() {
    let mut family = family("nginx:1");
    family.pass();
    family.pass();
    let before = family.status.clone();
    assert_eq!(family.pass(), Plan::InSync);
    assert_eq!(family.status, before);
    let written = serde_json::to_string(&before).unwrap();
    assert_eq!(serde_json::from_str::<crate::api::EcsTaskDefinitionStatus>(&written).unwrap(), before);
}

#[test]
fn a_docker_volume_of_a_task_is_sent_without_autoprovision() {
    let docker = |configuration: Value| {
        let volumes = json!([{"name": "data", "dockerVolumeConfiguration": configuration}]);
        let sent = family("nginx:1").with("volumes", volumes).present().input;
        sent["volumes"][0]["dockerVolumeConfiguration"].clone()
    };
    assert_eq!(
        docker(json!({"scope": "task", "autoprovision": false, "driver": "local"})),
        json!({"scope": "task", "driver": "local"})
    );
    assert_eq!(docker(json!({"scope": "shared", "autoprovision": false})), json!({"scope": "shared", "autoprovision": false}));
}

#[test]
fn a_difference_shows_no_secret_wherever_it_stands() {
    const SECRET: &str = "hunter2";
    let secrets = [
        json!({"environment": [{"name": "TOKEN", "value": SECRET}]}),
        json!({"command": ["--token", SECRET]}),
        json!({"entryPoint": ["--token", SECRET]}),
        json!({"dockerLabels": {"token": SECRET}}),
        json!({"logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": SECRET}}}),
        json!({"firelensConfiguration": {"type": "fluentbit", "options": {"token": SECRET}}}),
        json!({"healthCheck": {"command": ["CMD", SECRET]}}),
    ];
    let plain = json!([{"name": "app", "image": "nginx:1"}]);
    let with = |members: &Value| {
        let mut containers = plain.clone();
        containers[0].as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!({"containerDefinitions": containers})
    };
    let volume = json!({"volumes": [{"name": "data", "dockerVolumeConfiguration": {"driver": "x", "driverOpts": {"o": SECRET}, "labels": {"a": SECRET}}}]});
    let mut sides: Vec<(Value, Value)> = secrets.iter().map(|members| (with(members), with(&json!({})))).collect();
    sides.push((volume, json!({"volumes": [{"name": "other"}]})));
    for (secret, other) in &sides {
        let changed: Value = serde_json::from_str(&secret.to_string().replace(SECRET, "another-hunter2")).unwrap();
        for (declared, live) in [(secret, other), (other, secret), (secret, &changed), (secret, &json!({}))] {
            let mut family = family("nginx:1").with("managementPolicy", json!("Observe"));
            for (field, value) in declared.as_object().unwrap() {
                family.spec[field] = value.clone();
            }
            family.register(live.clone(), BTreeMap::default());
            family.pass();
            let written = serde_json::to_string(&family.status).unwrap();
            assert!(!written.contains(SECRET), "{written}");
        }
        assert_ne!(secret, other);
    }
}
