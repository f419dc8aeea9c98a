//! Objects and policies change in whatever order: what AWS is asked for was granted.

use crate::chance::Chance;
use crate::world::{World, web};
use ecs_operator::settings::Guard;
use serde_json::{Value, json};
use simulator::Settings;
use std::collections::BTreeSet;
use std::time::Duration;

/// The last two are never granted.
const ROLES: [&str; 5] = ["a", "b", "c", "admin", "root"];
const GRANTED: usize = 3;
const MEMBERS: [&str; 2] = ["taskRoleArn", "executionRoleArn"];

fn arn(role: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{role}")
}

/// One that may be granted, more often than not.
fn any_role(chance: &mut Chance) -> &'static str {
    if chance.number(0..6) == 0 { chance.one_of(&ROLES[GRANTED..]) } else { chance.one_of(&ROLES[..GRANTED]) }
}

fn policy(task_roles: &BTreeSet<&str>, execution_roles: &BTreeSet<&str>) -> Value {
    let entries = |roles: &BTreeSet<&str>| roles.iter().map(|role| format!("role/{role}")).collect::<Vec<_>>();
    json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": "EcsNamespacePolicy", "metadata": {"name": "default"},
        "spec": {
            "clusters": ["cluster/demo"], "subnets": ["subnet-a"], "securityGroups": ["sg-app"],
            "taskRoles": entries(task_roles), "executionRoles": entries(execution_roles),
        },
    })
}

fn some<'a>(chance: &mut Chance) -> BTreeSet<&'a str> {
    ROLES[..GRANTED].iter().copied().filter(|_| chance.number(0..4) > 0).collect()
}

/// How many revisions were registered, so that the walks are known to get somewhere.
async fn walk(seed: u64) -> usize {
    let mut chance = Chance::new(seed);
    let mut world = World::with_guard(Settings::default(), Guard::Enforce);
    // What each slot granted at any time since the last look: news of a watch take a moment.
    let mut now = [BTreeSet::new(), BTreeSet::new()];
    let mut looked_at = 0;
    for step in 0..60 {
        let mut may = now.clone();
        match chance.number(0..5) {
            0 => {
                now = [some(&mut chance), some(&mut chance)];
                world.kubernetes.apply("ecsnamespacepolicies", "default", &policy(&now[0], &now[1]));
            }
            1 if world.kubernetes.get("ecsnamespacepolicies", "default").is_some() => {
                now = [BTreeSet::new(), BTreeSet::new()];
                world.kubernetes.apply("ecsnamespacepolicies", "default", &policy(&now[0], &now[1]));
            }
            2 => {
                let name = chance.one_of(&["x", "y"]);
                world.kubernetes.delete("ecsservices", name);
            }
            _ => {
                let name = chance.one_of(&["x", "y"]);
                let image = chance.one_of(&["nginx:1", "nginx:2"]);
                let mut manifest = web(name, image, chance.number(0..3));
                for member in MEMBERS {
                    manifest["spec"]["taskDefinitionTemplate"][member] = json!(arn(any_role(&mut chance)));
                }
                if chance.number(0..3) == 0 {
                    manifest["spec"]["deploymentConfiguration"]["lifecycleHooks"] = json!([{"roleArn": arn("admin"), "hookTargetArn": "arn:aws:lambda:eu-central-1:111122223333:function:x",
                            "lifecycleStages": ["POST_SCALE_UP"]}]);
                }
                world.kubernetes.apply("ecsservices", name, &manifest);
            }
        }
        may.iter_mut().zip(&now).for_each(|(before, after)| before.extend(after));
        world.pass(Duration::from_secs(chance.number(1..90))).await;
        let calls = world.aws.calls();
        for call in &calls[looked_at..] {
            let said = call.input.to_string();
            assert!(!said.contains("role/admin") && !said.contains("role/root"), "seed {seed}, step {step}: {said}");
            if call.operation != "RegisterTaskDefinition" {
                continue;
            }
            for (member, may) in MEMBERS.iter().zip(&may) {
                let role = call.input[member].as_str().unwrap_or_default().rsplit('/').next().unwrap();
                assert!(role.is_empty() || may.contains(role), "seed {seed}, step {step}: {member} {role}, granted {may:?}");
            }
        }
        looked_at = calls.len();
    }
    world.count("RegisterTaskDefinition")
}

#[tokio::test(start_paused = true)]
async fn what_reaches_aws_was_granted_in_whatever_order_things_change() {
    let mut registered = 0;
    for seed in 0..8 {
        registered += walk(seed).await;
    }
    assert!(registered > 8, "{registered}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_waits_for_a_grant_goes_on_when_it_is_given() {
    let mut world = World::with_guard(Settings::default(), Guard::Enforce);
    let mut manifest = web("x", "nginx:1", 1);
    for member in MEMBERS {
        manifest["spec"]["taskDefinitionTemplate"][member] = json!(arn("a"));
    }
    world.kubernetes.apply("ecsservices", "x", &manifest);
    world.pass(Duration::from_mins(5)).await;
    assert_eq!(world.writes(), 0);
    let roles = BTreeSet::from(["a"]);
    world.kubernetes.apply("ecsnamespacepolicies", "default", &policy(&roles, &roles));
    assert!(world.until(Duration::from_mins(15), |world| world.is_ready("x")).await, "{}", world.service("x"));
}
