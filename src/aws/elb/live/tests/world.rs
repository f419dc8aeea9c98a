//! A fake AWS that speaks Elastic Load Balancing's XML, and a live side that runs.

use crate::aws::elb::live::{Balancing, LoadBalancerKey, Sight, TargetGroupKey, Watcher};
use crate::aws::elb::{ListenerView, LoadBalancerView, TargetGroupView};
use crate::aws::reflector::{Pace, Polling};
use crate::aws::testing::{Answer, Fake, members, pass, xml, xml_error};
use crate::domain::ObjectKey;
use futures::StreamExt;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

const PREFIX: &str = "arn:aws:elasticloadbalancing:eu-central-1:111122223333";

pub(super) fn load_balancer_arn(name: &str) -> String {
    format!("{PREFIX}:loadbalancer/app/{name}/1")
}

pub(super) fn listener_arn(load_balancer: &str, port: u16) -> String {
    format!("{PREFIX}:listener/app/{load_balancer}/1/{port}")
}

pub(super) fn rule_arn(load_balancer: &str, port: u16, number: usize) -> String {
    format!("{PREFIX}:listener-rule/app/{load_balancer}/1/{port}/{number}")
}

pub(super) fn group_arn(name: &str) -> String {
    format!("{PREFIX}:targetgroup/{name}/1")
}

/// What there is in AWS.
#[derive(Default)]
pub(super) struct Aws {
    /// Load balancers by ARN, with their names.
    pub(super) load_balancers: BTreeMap<String, String>,
    /// Listeners by ARN: their load balancer, port and protocol.
    pub(super) listeners: BTreeMap<String, (String, u16, &'static str)>,
    /// Rules by ARN, with their priority and target group.
    pub(super) rules: BTreeMap<String, (String, String)>,
    /// Target groups by ARN: their name, path of the check and load balancer.
    pub(super) groups: BTreeMap<String, (String, String, Option<String>)>,
    /// How the targets of a group are. Without: one that is healthy.
    pub(super) health: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) delay: BTreeMap<String, u32>,
}

impl Aws {
    fn answer(&self, operation: &str, body: &Value) -> Answer {
        let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
        match operation {
            "DescribeLoadBalancers" => self.described(operation, "LoadBalancer", &self.named_load_balancers(body), |aws, arn| {
                let name = aws.load_balancers.get(arn)?;
                Some(format!("<LoadBalancerArn>{arn}</LoadBalancerArn><LoadBalancerName>{name}</LoadBalancerName><Type>application</Type>"))
            }),
            "DescribeListeners" => {
                let of = text("LoadBalancerArn");
                let mut arns = members(body, "ListenerArns");
                arns.extend(self.listeners.iter().filter(|(_, (owner, ..))| *owner == of).map(|(arn, _)| arn.clone()));
                self.described(operation, "Listener", &arns, |aws, arn| {
                    let (owner, port, protocol) = aws.listeners.get(arn)?;
                    Some(format!(
                        "<ListenerArn>{arn}</ListenerArn><LoadBalancerArn>{owner}</LoadBalancerArn><Port>{port}</Port><Protocol>{protocol}</Protocol>"
                    ))
                })
            }
            "DescribeRules" => self.rules_of(operation, &text("ListenerArn")),
            "DescribeTargetGroups" => self.described(operation, "TargetGroup", &named_groups(body), |aws, arn| {
                let (name, path, owner) = aws.groups.get(arn)?;
                let owner = owner.iter().map(|arn| format!("<member>{arn}</member>")).collect::<Vec<_>>().concat();
                Some(format!(
                    "<TargetGroupArn>{arn}</TargetGroupArn><TargetGroupName>{name}</TargetGroupName><HealthCheckPath>{path}</HealthCheckPath><LoadBalancerArns>{owner}</LoadBalancerArns>"
                ))
            }),
            "DescribeTags" => self.tags_of(operation, &members(body, "ResourceArns")),
            "DescribeTargetHealth" => {
                let state = self.health.get(&text("TargetGroupArn")).map_or("healthy", String::as_str);
                xml(operation, &format!(
                    "<TargetHealthDescriptions><member><Target><Id>10.0.0.7</Id><Port>80</Port></Target><TargetHealth><State>{state}</State></TargetHealth></member></TargetHealthDescriptions>"
                ))
            }
            "DescribeTargetGroupAttributes" | "DescribeLoadBalancerAttributes" => {
                let delay = self.delay.get(&(text("TargetGroupArn") + &text("LoadBalancerArn"))).unwrap_or(&300);
                xml(operation, &format!("<Attributes><member><Key>delay</Key><Value>{delay}</Value></member></Attributes>"))
            }
            "DescribeListenerCertificates" => xml(
                operation,
                "<Certificates><member><CertificateArn>default</CertificateArn><IsDefault>true</IsDefault></member>\
                 <member><CertificateArn>more</CertificateArn></member></Certificates>",
            ),
            "DescribeAccountLimits" => xml(operation, "<Limits><member><Name>rules</Name><Max>100</Max></member></Limits>"),
            other => panic!("{other} is not read"),
        }
    }

    fn named_load_balancers(&self, body: &Value) -> Vec<String> {
        let (arns, names) = (members(body, "LoadBalancerArns"), members(body, "Names"));
        if arns.is_empty() && names.is_empty() {
            return self.load_balancers.keys().cloned().collect();
        }
        arns.into_iter().chain(names.iter().map(|name| load_balancer_arn(name))).collect()
    }

    /// Like AWS: one that it does not know fails the call.
    fn described(&self, operation: &str, kind: &str, arns: &[String], one: impl Fn(&Self, &str) -> Option<String>) -> Answer {
        let mut all = Vec::new();
        for arn in arns {
            let Some(members) = one(self, arn) else {
                return xml_error(&format!("{kind}NotFound"), "One or more were not found");
            };
            all.push(format!("<member>{members}</member>"));
        }
        xml(operation, &format!("<{kind}s>{}</{kind}s>", all.concat()))
    }

    fn rules_of(&self, operation: &str, listener: &str) -> Answer {
        if !self.listeners.contains_key(listener) {
            return xml_error("ListenerNotFound", "One or more listeners not found");
        }
        let own = listener.replace(":listener/", ":listener-rule/") + "/";
        let of_it = self.rules.iter().filter(|(arn, _)| arn.starts_with(&own));
        let all: Vec<String> = of_it
            .map(|(arn, (priority, group))| {
                format!(
                    "<member><RuleArn>{arn}</RuleArn><Priority>{priority}</Priority><Actions><member><Type>forward</Type><TargetGroupArn>{group}</TargetGroupArn></member></Actions></member>"
                )
            })
            .collect();
        xml(operation, &format!("<Rules>{}</Rules>", all.concat()))
    }

    fn tags_of(&self, operation: &str, arns: &[String]) -> Answer {
        assert!(arns.len() <= 20, "AWS takes twenty");
        let mut all = Vec::new();
        for arn in arns {
            let is_known = self.load_balancers.contains_key(arn)
                || self.listeners.contains_key(arn)
                || self.rules.contains_key(arn)
                || self.groups.contains_key(arn);
            if !is_known {
                return xml_error("RuleNotFound", "One or more were not found");
            }
            let tags = self.tags.get(arn).cloned().unwrap_or_default();
            let tags: Vec<String> =
                tags.iter().map(|(key, value)| format!("<member><Key>{key}</Key><Value>{value}</Value></member>")).collect();
            all.push(format!("<member><ResourceArn>{arn}</ResourceArn><Tags>{}</Tags></member>", tags.concat()));
        }
        xml(operation, &format!("<TagDescriptions>{}</TagDescriptions>", all.concat()))
    }
}

/// A fake AWS whose things tests change, and a live side that runs.
pub(super) struct World {
    pub(super) fake: Fake,
    pub(super) balancing: Balancing,
    pub(super) aws: Arc<Mutex<Aws>>,
    changes: BoxStream<'static, Watcher>,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(|_, _| None)
    }

    /// Answers of its own go before those of the fake.
    pub(super) fn with(own: impl Fn(&str, &Value) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let aws = Arc::<Mutex<Aws>>::default();
        let held = Arc::clone(&aws);
        let fake = Fake::new(move |operation, body| own(operation, body).unwrap_or_else(|| held.lock().answer(operation, body)));
        let balancing = Balancing::new(fake.elb(), Polling::default());
        let changes = balancing.changes().boxed();
        let running = balancing.clone();
        tokio::spawn(async move { running.run().await });
        Self { fake, balancing, aws, changes }
    }

    /// A load balancer with a listener and its default rule; returns the listener's ARN.
    pub(super) fn listener(&self, load_balancer: &str, port: u16, protocol: &'static str) -> String {
        let mut aws = self.aws.lock();
        let (owner, listener) = (load_balancer_arn(load_balancer), listener_arn(load_balancer, port));
        aws.load_balancers.insert(owner.clone(), load_balancer.to_owned());
        aws.listeners.insert(listener.clone(), (owner, port, protocol));
        aws.rules.insert(rule_arn(load_balancer, port, 0), ("default".to_owned(), "tg".to_owned()));
        listener
    }

    pub(super) fn rule(&self, load_balancer: &str, port: u16, number: usize) -> String {
        let arn = rule_arn(load_balancer, port, number);
        self.aws.lock().rules.insert(arn.clone(), (number.to_string(), group_arn("web")));
        arn
    }

    pub(super) fn group(&self, name: &str) -> TargetGroupKey {
        let arn = group_arn(name);
        self.aws.lock().groups.insert(arn.clone(), (name.to_owned(), "/".to_owned(), None));
        TargetGroupKey::Arn(arn)
    }

    pub(super) fn tag(&self, arn: &str, key: &str, value: &str) {
        self.aws.lock().tags.entry(arn.to_owned()).or_default().insert(key.to_owned(), value.to_owned());
    }

    pub(super) fn follow_group(&self, key: &TargetGroupKey, pace: Pace) {
        self.balancing.follow_target_group(key, &watcher("group"), pace);
    }

    pub(super) fn view(&self, listener: &str) -> Arc<ListenerView> {
        live(&self.balancing.listener(listener))
    }

    pub(super) fn group_view(&self, key: &TargetGroupKey) -> Arc<TargetGroupView> {
        live(&self.balancing.target_group(key))
    }

    pub(super) fn load_balancer_view(&self, key: &LoadBalancerKey) -> Arc<LoadBalancerView> {
        live(&self.balancing.load_balancer(key))
    }

    /// Who was told since the last question.
    pub(super) async fn told(&mut self) -> BTreeSet<String> {
        let mut told = BTreeSet::new();
        while let Some(who) = timeout(Duration::from_millis(1), self.changes.next()).await.ok().flatten() {
            told.insert(who.object.name);
        }
        told
    }
}

fn live<T: std::fmt::Debug>(sight: &Sight<T>) -> Arc<T> {
    Arc::clone(sight.live().unwrap_or_else(|| panic!("{sight:?}")))
}

pub(super) fn watcher(name: &str) -> Watcher {
    Watcher { kind: "EcsListenerRule", object: ObjectKey { namespace: "shop".to_owned(), name: name.to_owned() } }
}

pub(super) fn names(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

pub(super) async fn seconds(seconds: u64) {
    pass(Duration::from_secs(seconds)).await;
}

fn named_groups(body: &Value) -> Vec<String> {
    let names = members(body, "Names");
    members(body, "TargetGroupArns").into_iter().chain(names.iter().map(|name| group_arn(name))).collect()
}
