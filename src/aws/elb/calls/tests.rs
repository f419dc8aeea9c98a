//! What goes over the wire, and what is made of what comes back.

use crate::aws::elb::model::{Action, Condition, HealthCheck, NewRule, NewTargetGroup, Patterns, RuleChange, Tags};
use crate::aws::testing::{Fake, HANG, members, xml, xml_error};
use crate::aws::{Asks, Granted, Guard, Kind};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const LISTENER: &str = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/edge/1/2";

fn grant<I: Asks>(input: I) -> Granted<I> {
    Guard::allow_all().grant(input).unwrap()
}

fn rule() -> NewRule {
    NewRule {
        listener_arn: LISTENER.to_owned(),
        priority: 7,
        conditions: BTreeSet::from([Condition::HostHeader(Patterns::values(["shop.example.com"]))]),
        actions: vec![Action::forward_to("tg")],
        transforms: BTreeSet::new(),
        tags: Tags::from([("team".to_owned(), "shop".to_owned())]),
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_goes_over_the_wire_as_it_was_declared() {
    let fake = Fake::new(|operation, _| {
        xml(
            operation,
            "<Rules><member><RuleArn>arn</RuleArn><Priority>7</Priority><IsDefault>false</IsDefault>\
             <Conditions><member><Field>host-header</Field><Values><member>shop.example.com</member></Values>\
             <HostHeaderConfig><Values><member>shop.example.com</member></Values></HostHeaderConfig></member></Conditions>\
             <Actions><member><Type>forward</Type><Order>1</Order><TargetGroupArn>tg</TargetGroupArn><ForwardConfig><TargetGroups>\
             <member><TargetGroupArn>tg</TargetGroupArn><Weight>1</Weight></member></TargetGroups>\
             <TargetGroupStickinessConfig><Enabled>false</Enabled></TargetGroupStickinessConfig></ForwardConfig></member></Actions>\
             <Transforms/></member></Rules>",
        )
    });
    let made = fake.elb().create_rule(grant(rule())).await.unwrap();
    let sent = json!({
        "ListenerArn": LISTENER, "Priority": "7", "Conditions.member.1.Field": "host-header",
        "Conditions.member.1.HostHeaderConfig.Values.member.1": "shop.example.com", "Actions.member.1.Type": "forward",
        "Actions.member.1.TargetGroupArn": "tg", "Tags.member.1.Key": "team", "Tags.member.1.Value": "shop",
    });
    assert_eq!(fake.calls(), [("CreateRule".to_owned(), sent)]);
    assert_eq!((made.arn.as_str(), made.priority), ("arn", Some(7)));
    assert_eq!((made.conditions, made.actions), (rule().conditions, rule().actions));
}

#[tokio::test(start_paused = true)]
async fn a_target_group_is_made_and_changed_as_declared() {
    let fake = Fake::new(|operation, _| {
        let group = "<TargetGroups><member><TargetGroupArn>arn</TargetGroupArn><TargetGroupName>web</TargetGroupName>\
                     <HealthCheckPath>/healthz</HealthCheckPath><Matcher><HttpCode>200</HttpCode></Matcher></member></TargetGroups>";
        xml(operation, group)
    });
    let check = HealthCheck { path: Some("/healthz".to_owned()), ..HealthCheck::default() };
    let new = NewTargetGroup { name: "web".to_owned(), port: Some(80), health_check: check.clone(), ..NewTargetGroup::default() };
    let made = fake.elb().create_target_group(grant(new)).await.unwrap();
    fake.elb().modify_target_group("arn", &check).await.unwrap();
    let create = json!({"Name": "web", "Port": "80", "HealthCheckPath": "/healthz"});
    let modify = json!({"TargetGroupArn": "arn", "HealthCheckPath": "/healthz"});
    assert_eq!(fake.calls(), [("CreateTargetGroup".to_owned(), create), ("ModifyTargetGroup".to_owned(), modify)]);
    assert_eq!(made.health_check.matcher.unwrap().http_code.as_deref(), Some("200"));
}

#[tokio::test(start_paused = true)]
async fn transforms_are_taken_away_by_name() {
    let fake = Fake::new(|operation, _| xml(operation, "<Rules><member><RuleArn>arn</RuleArn></member></Rules>"));
    let change = RuleChange { arn: "arn".to_owned(), transforms: Some(BTreeSet::new()), ..RuleChange::default() };
    fake.elb().modify_rule(grant(change)).await.unwrap();
    assert_eq!(fake.calls()[0].1, json!({"RuleArn": "arn", "ResetTransforms": "true"}));
}

#[tokio::test(start_paused = true)]
async fn lists_are_read_to_their_end() {
    let fake = Fake::new(|operation, body| match body["Marker"].as_str() {
        None => xml(operation, "<Rules><member><RuleArn>a</RuleArn></member></Rules><NextMarker>2</NextMarker>"),
        Some(_) => xml(operation, "<Rules><member><RuleArn>b</RuleArn><Priority>default</Priority></member></Rules>"),
    });
    let rules = fake.elb().describe_rules(LISTENER).await.unwrap();
    assert_eq!(rules.iter().map(|rule| rule.arn.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(rules[1].is_default());
    assert_eq!(fake.calls()[1].1, json!({"ListenerArn": LISTENER, "Marker": "2", "PageSize": "400"}));
}

#[tokio::test(start_paused = true)]
async fn nothing_named_is_nothing_described() {
    let fake = Fake::new(|operation, _| xml(operation, ""));
    let elb = fake.elb();
    assert!(elb.describe_target_groups(&[]).await.unwrap().is_empty());
    assert!(elb.describe_target_groups_named(&[]).await.unwrap().is_empty());
    assert!(elb.describe_load_balancers(&[]).await.unwrap().is_empty());
    assert!(elb.describe_load_balancers_named(&[]).await.unwrap().is_empty());
    assert!(elb.describe_listeners(&[]).await.unwrap().is_empty());
    assert!(fake.calls().is_empty(), "AWS would describe all that there are");
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_needs_no_deletion() {
    let fake = Fake::new(|operation, _| {
        xml_error(
            match operation {
                "DeleteRule" => "RuleNotFound",
                "DeleteTargetGroup" => "TargetGroupNotFound",
                "DeleteLoadBalancer" => "LoadBalancerNotFound",
                _ => "ListenerNotFound",
            },
            "no",
        )
    });
    let elb = fake.elb();
    assert_eq!(elb.delete_rule("arn").await, Ok(()));
    assert_eq!(elb.delete_target_group("arn").await, Ok(()));
    assert_eq!(elb.delete_listener("arn").await, Ok(()));
    assert_eq!(elb.delete_load_balancer("arn").await, Ok(()));
    assert_eq!(elb.remove_listener_certificate("arn", "cert").await, Ok(()));
    assert_eq!(elb.describe_rules("arn").await.unwrap_err().kind, Kind::NotFound, "what is looked for is another matter");
}

#[tokio::test(start_paused = true)]
async fn what_is_in_use_is_deleted_later() {
    let fake = Fake::new(|_, _| xml_error("ResourceInUse", "Target group 'arn' is currently in use by a listener or a rule"));
    assert_eq!(fake.elb().delete_target_group("arn").await.unwrap_err().kind, Kind::NotReady);
}

#[tokio::test(start_paused = true)]
async fn a_priority_that_another_rule_has_is_told_from_other_failures() {
    let fake = Fake::new(|_, _| xml_error("PriorityInUse", "Priority '7' is currently in use"));
    let taken = fake.elb().create_rule(grant(rule())).await.unwrap_err();
    assert!(taken.is_priority_taken() && !taken.may_have_happened());
    assert_eq!(taken.to_string(), "CreateRule failed: PriorityInUse: Priority '7' is currently in use");
    assert_eq!(taken.advice(), "choose another priority, or leave it out to have a free one chosen");
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_leaves_open_what_happened_and_a_throttled_call_is_tried_again() {
    let fake = Fake::new(|operation, _| match operation {
        "CreateRule" => (HANG, json!("")),
        _ => xml_error("Throttling", "Rate exceeded"),
    });
    assert!(fake.elb().create_rule(grant(rule())).await.unwrap_err().may_have_happened());
    assert_eq!(fake.count("CreateRule"), 1);
    assert_eq!(fake.elb().describe_rules(LISTENER).await.unwrap_err().kind, Kind::Throttled);
    assert!(fake.count("DescribeRules") > 1);
}

#[tokio::test(start_paused = true)]
async fn tags_of_several_are_read_in_one_call() {
    let fake = Fake::new(|operation, body| {
        let one = |arn: String| {
            format!(
                "<member><ResourceArn>{arn}</ResourceArn><Tags><member><Key>of</Key><Value>{arn}</Value></member></Tags></member>"
            )
        };
        let all: String = members(body, "ResourceArns").into_iter().map(one).collect();
        xml(operation, &format!("<TagDescriptions>{all}</TagDescriptions>"))
    });
    let read = fake.elb().describe_tags(&["a".to_owned(), "b".to_owned()]).await.unwrap();
    let tags = |of: &str| (of.to_owned(), Tags::from([("of".to_owned(), of.to_owned())]));
    assert_eq!(read, BTreeMap::from([tags("a"), tags("b")]));
}

#[tokio::test(start_paused = true)]
async fn certificates_beside_the_default_one_and_targets_are_read_in_order() {
    let fake = Fake::new(|operation, _| match operation {
        "DescribeListenerCertificates" => xml(
            operation,
            "<Certificates><member><CertificateArn>a</CertificateArn><IsDefault>true</IsDefault></member>\
             <member><CertificateArn>c</CertificateArn></member>\
             <member><CertificateArn>b</CertificateArn><IsDefault>false</IsDefault></member></Certificates>",
        ),
        _ => xml(
            operation,
            "<TargetHealthDescriptions>\
             <member><Target><Id>10.0.0.9</Id><Port>80</Port></Target><TargetHealth><State>healthy</State></TargetHealth></member>\
             <member><Target><Id>10.0.0.7</Id><Port>80</Port></Target><TargetHealth><State>unhealthy</State>\
             <Reason>Target.Timeout</Reason></TargetHealth></member></TargetHealthDescriptions>",
        ),
    });
    assert_eq!(fake.elb().describe_listener_certificates("arn").await.unwrap(), ["b", "c"]);
    let health = fake.elb().describe_target_health("arn").await.unwrap();
    assert_eq!(health.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["10.0.0.7", "10.0.0.9"]);
    assert_eq!(health[0].reason.as_deref(), Some("Target.Timeout"));
}

#[tokio::test(start_paused = true)]
async fn attributes_and_quotas_are_read_as_pairs() {
    let fake = Fake::new(|operation, body| {
        if operation == "DescribeAccountLimits" {
            return xml(
                operation,
                "<Limits><member><Name>rules-per-application-load-balancer</Name><Max>100</Max></member></Limits>",
            );
        }
        let key = body["Attributes.member.1.Key"].as_str().unwrap_or("deregistration_delay.timeout_seconds");
        xml(operation, &format!("<Attributes><member><Key>{key}</Key><Value>30</Value></member></Attributes>"))
    });
    let elb = fake.elb();
    let delay = BTreeMap::from([("deregistration_delay.timeout_seconds".to_owned(), "30".to_owned())]);
    assert_eq!(elb.describe_target_group_attributes("arn").await.unwrap(), delay);
    assert_eq!(elb.modify_target_group_attributes("arn", &delay).await.unwrap(), delay);
    assert_eq!(fake.calls()[1].1["Attributes.member.1.Value"], "30");
    assert_eq!(elb.describe_account_limits().await.unwrap().get("rules-per-application-load-balancer"), Some(100));
}
