//! What holds for any declaration.

use super::declared::{Declared, application, listener};
use super::world::{beside, in_force, world};
use crate::domain::owner::Owner;
use crate::engine::Plan;
use crate::kinds::load_balancer::Step;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

/// Values of the members that may be declared or left out.
fn choices() -> Vec<(&'static str, Vec<Value>)> {
    let attribute = |key: &str, value: &str| json!([{"key": key, "value": value}]);
    vec![
        ("securityGroups", vec![json!(["sg-a"]), json!(["sg-b", "sg-a"])]),
        ("subnets", vec![json!(["subnet-a", "subnet-b"]), json!(["subnet-c", "subnet-b", "subnet-a"])]),
        ("ipAddressType", vec![json!("ipv4"), json!("dualstack")]),
        ("idleTimeoutSeconds", vec![json!(30), json!(60)]),
        ("deletionProtection", vec![json!(true), json!(false)]),
        ("attributes", vec![attribute("routing.http2.enabled", "false"), attribute("waf.fail_open.enabled", "true")]),
        (
            "tags",
            vec![json!([{"key": "team", "value": "a"}]), json!([{"key": "team", "value": "b"}, {"key": "stage", "value": "c"}])],
        ),
    ]
}

fn listeners() -> impl Strategy<Value = Vec<Value>> {
    let certificates = |arns: &[&str]| arns.iter().map(|arn| json!({"certificateArn": arn})).collect::<Value>();
    let answer = json!({"fixedResponse": {"statusCode": "503", "contentType": "text/plain"}});
    let redirect = json!({"redirect": {"statusCode": "HTTP_301", "protocol": "HTTPS", "port": "443"}});
    let forward = json!({"forward": [{"targetGroupArn": "arn:a", "weight": 2}, {"targetGroupArn": "arn:b"}]});
    let members = vec![
        ("HTTP", json!({})),
        ("HTTP", json!({"defaultAction": answer})),
        ("HTTP", json!({"defaultAction": redirect})),
        ("HTTPS", json!({"certificates": certificates(&["arn:x"]), "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"})),
        ("HTTPS", json!({"certificates": certificates(&["arn:y", "arn:x", "arn:z"]), "defaultAction": forward})),
        ("HTTPS", json!({"certificates": certificates(&["arn:z"]), "mutualAuthentication": {"mode": "passthrough"}})),
        ("HTTP", json!({"attributes": [{"key": "routing.http.response.server.enabled", "value": "false"}]})),
    ];
    subsequence(vec![80, 81, 443], 0..=3).prop_flat_map(move |ports| {
        let one = |port| select(members.clone()).prop_map(move |(protocol, more)| listener(port, protocol, &more));
        ports.into_iter().map(one).collect::<Vec<_>>()
    })
}

fn declarations() -> impl Strategy<Value = Declared> {
    let all = choices();
    let count = all.len();
    let picked = subsequence(all, 0..=count)
        .prop_flat_map(|fields| fields.into_iter().map(|(field, values)| (Just(field), select(values))).collect::<Vec<_>>());
    (picked, listeners()).prop_map(|(fields, listeners)| {
        fields.into_iter().fold(application(), |declared, (field, value)| declared.with(field, value)).listening(&listeners)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Doing what the plan says leaves nothing to do, whatever was declared before.
    #[test]
    fn an_edit_converges_to_what_is_declared(before in declarations(), after in declarations()) {
        let mut world = in_force(before);
        world.declared = after.clone();
        prop_assert_eq!(world.settle(), Plan::InSync);
        let wanted: Vec<i32> = after.present().listeners.unwrap().iter().map(|it| it.port).collect();
        prop_assert_eq!(world.ports(), wanted);
        world.sent.clear();
        prop_assert_eq!(world.pass(), Plan::InSync);
        prop_assert!(world.sent.is_empty());
    }

    /// After an edit listeners are as in a load balancer that was made so, but for what AWS cannot set back.
    #[test]
    fn an_edit_leaves_nothing_of_what_was_declared_before(before in declarations(), after in declarations()) {
        let mut edited = in_force(before);
        edited.declared = after.clone();
        edited.settle();
        let mut fresh = in_force(after.clone());
        for port in edited.ports() {
            let (edited, fresh) = (edited.on(port).clone(), fresh.on(port).clone());
            prop_assert_eq!(&edited.listener.protocol, &fresh.listener.protocol);
            prop_assert_eq!(&edited.listener.certificate_arn, &fresh.listener.certificate_arn);
            prop_assert_eq!(&edited.listener.ssl_policy, &fresh.listener.ssl_policy);
            prop_assert_eq!(&edited.listener.default_actions, &fresh.listener.default_actions);
            prop_assert_eq!(&edited.tags, &fresh.tags);
        }
        prop_assert_eq!(&edited.live().tags, &fresh.live().tags);
        prop_assert_eq!(&edited.live().attributes, &fresh.live().attributes);
    }

    /// Whatever stands there under another name or none, nothing is written; adoption writes tags alone.
    #[test]
    fn what_is_not_ours_is_never_written(declared in declarations(), made in declarations(), policy in select(vec!["Full", "Observe", "Adopt"]), owner in select(vec!["nobody", "here", "elsewhere"]), deleted: bool) {
        let mut declared = declared.policy(policy).with("name", json!("shared"));
        declared.is_deleted = deleted;
        let mut world = beside(declared, made.with("name", json!("shared")));
        if owner != "nobody" {
            let other = Owner { installation: owner.to_owned(), kind: "EcsLoadBalancer".to_owned(), namespace: "edge".to_owned(), name: "other".to_owned(), uid: "uid-of-shared".to_owned() };
            world.live().tags.extend(other.tags());
        }
        world.pass();
        prop_assert!(world.sent.is_empty() || policy == "Adopt" && owner == "nobody" && !deleted, "{:?}", world.sent);
        prop_assert!(world.sent.iter().all(|step| matches!(step, Step::Tag { .. })), "{:?}", world.sent);
    }

    /// A listener without our tags is never written, whatever is declared.
    #[test]
    fn a_foreign_listener_on_our_load_balancer_is_never_written(before in declarations(), after in declarations(), port in select(vec![80, 81, 443])) {
        let mut world = in_force(before);
        if world.ports().contains(&port) {
            world.on(port).tags.clear();
            let arn = world.on(port).listener.arn.clone();
            let theirs = world.on(port).clone();
            world.declared = after;
            world.settle();
            prop_assert_eq!(world.on(port), &theirs);
            prop_assert!(!format!("{:?}", world.sent).contains(&format!("\"{arn}\"")), "{:?}", world.sent);
        }
    }

    /// A plan depends on nothing but what it is given, and the status of equal passes is equal.
    #[test]
    fn the_same_input_gives_the_same_plan_and_status(before in declarations(), after in declarations()) {
        let mut world = in_force(before);
        world.declared = after;
        prop_assert_eq!(world.plan(), world.plan());
        world.settle();
        let status = world.status.clone();
        world.pass();
        prop_assert_eq!(&world.status, &status);
    }

    /// A process that ends after any step is followed by one that finishes the work, and nothing is made twice.
    #[test]
    fn whatever_was_lost_on_the_way_is_found_again(declared in declarations(), steps in 0_usize..6) {
        let mut lost = world(declared.clone());
        for _ in 0..steps {
            // What was written stands in AWS, and status knows no more than where it went.
            let account = lost.status.account.clone();
            if !matches!(lost.pass(), Plan::Do(_)) {
                break;
            }
            lost.status = crate::api::EcsLoadBalancerStatus { account: account.or(Some("111122223333".to_owned())), ..Default::default() };
        }
        prop_assert_eq!(lost.settle(), Plan::InSync);
        let created = lost.sent.iter().filter(|step| matches!(step, Step::Create)).count();
        prop_assert_eq!(created, 1);
    }
}
