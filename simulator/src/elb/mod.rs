//! Elastic Load Balancing v2 in one account and region: load balancers, listeners, rules, target groups and their targets.
//!
//! A synchronous state machine with an agenda of its own. ECS shares it: it registers tasks as targets ([`targets`]) and hears
//! what becomes of them ([`Elb::take_news`]). Comments cite `load-balancing §n` and `normalisation §n`, the project's collections
//! of facts; `(?)` marks what they leave open, most often the exact words of an error.

mod actions;
mod arn;
mod attributes;
mod balancers;
mod certificates;
mod conditions;
mod find;
mod groups;
mod health;
mod listeners;
mod objects;
mod operations;
mod quotas;
mod rules;
pub(crate) mod shapes;
mod tags;
pub(crate) mod targets;
pub(crate) mod traffic;
mod transforms;
mod weights;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::clock::later;
use crate::ecs::input::Input;
use crate::fault::ServiceError;
use crate::settings::Settings;
pub(crate) use certificates::Certificate;
use objects::Objects;
pub(crate) use quotas::Quotas;
pub use targets::TargetBehaviour;
pub(crate) use targets::{News, TargetKey};

/// What an operation gives back.
pub(crate) type Answer = Result<Value, ServiceError>;

/// A load balancer is `provisioning` this long. AWS takes minutes and promises nothing.
const PROVISION: Duration = Duration::from_secs(30);
/// How many states of the past are kept for stale reads.
const PASTS: usize = 32;

/// Elastic Load Balancing in one account and region.
pub(crate) struct Elb {
    account: String,
    region: String,
    now: Timestamp,
    rng: StdRng,
    /// How long what was just made is not found by other calls.
    lag: Duration,
    /// How old the answers to reads are.
    pub(crate) read_age: Duration,
    pub(crate) quotas: Quotas,
    objects: Objects,
    /// What there was until the time of a write.
    pasts: VecDeque<(Timestamp, Objects)>,
    agenda: BTreeMap<(Timestamp, u64), TargetKey>,
    entered: u64,
    news: Vec<News>,
    /// How targets answer, by a part of `id:port`; the latest wins.
    behaviours: Vec<(String, TargetBehaviour)>,
    certificates: BTreeMap<String, Certificate>,
    turns: traffic::Turns,
}

impl Elb {
    pub(crate) fn new(settings: &Settings, account: &str, region: &str, now: Timestamp) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            now,
            rng: StdRng::seed_from_u64(settings.seed ^ 0xE1B),
            lag: settings.load_balancer_lag,
            read_age: Duration::ZERO,
            quotas: Quotas::new(&settings.quotas),
            objects: Objects::default(),
            pasts: VecDeque::new(),
            agenda: BTreeMap::new(),
            entered: 0,
            news: Vec::new(),
            behaviours: Vec::new(),
            certificates: BTreeMap::new(),
            turns: traffic::Turns::default(),
        }
    }

    /// When something happens next.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.agenda.first_key_value().map(|((at, _), _)| *at)
    }

    /// Plays the first event, which is due.
    pub(crate) fn play_next(&mut self) {
        if let Some(((at, _), key)) = self.agenda.pop_first() {
            self.now = self.now.max(at);
            health::step(self, &key);
        }
    }

    pub(crate) fn move_to(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// What became of targets since it was last asked.
    pub(crate) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// From now on targets whose `id:port` contains `pattern` answer like this.
    pub(crate) fn set_behaviour(&mut self, pattern: &str, behaviour: TargetBehaviour) {
        self.behaviours.push((pattern.to_owned(), behaviour));
        health::look_at_all(self);
    }

    /// Carries out one operation. What fails leaves nothing behind.
    pub(crate) fn call(&mut self, operation: &str, input: &Value) -> Answer {
        shapes::check(operation, input)?;
        let input = Input(input);
        if operation.starts_with("Describe") {
            return self.read(operation, input);
        }
        let before = self.objects.clone();
        let answer = self.write(operation, input);
        if answer.is_err() {
            self.objects = before;
            return answer;
        }
        self.remember(before);
        health::look_at_all(self);
        answer
    }

    fn write(&mut self, operation: &str, input: Input<'_>) -> Answer {
        match operation {
            "CreateLoadBalancer" => balancers::create(self, input),
            "DeleteLoadBalancer" => balancers::delete(self, input),
            "SetSubnets" => balancers::set_subnets(self, input),
            "SetSecurityGroups" => balancers::set_security_groups(self, input),
            "SetIpAddressType" => balancers::set_ip_address_type(self, input),
            "ModifyLoadBalancerAttributes" => attributes::modify_balancer(self, input),
            "CreateListener" => listeners::create(self, input),
            "ModifyListener" => listeners::modify(self, input),
            "DeleteListener" => listeners::delete(self, input),
            "ModifyListenerAttributes" => attributes::modify_listener(self, input),
            "AddListenerCertificates" => certificates::add(self, input),
            "RemoveListenerCertificates" => certificates::remove(self, input),
            "CreateRule" => rules::create(self, input),
            "ModifyRule" => rules::modify(self, input),
            "DeleteRule" => rules::delete(self, input),
            "SetRulePriorities" => rules::set_priorities(self, input),
            "CreateTargetGroup" => groups::create(self, input),
            "ModifyTargetGroup" => groups::modify(self, input),
            "DeleteTargetGroup" => groups::delete(self, input),
            "ModifyTargetGroupAttributes" => attributes::modify_group(self, input),
            "RegisterTargets" => targets::register(self, input),
            "DeregisterTargets" => targets::deregister(self, input),
            "AddTags" => tags::add(self, input),
            "RemoveTags" => tags::remove(self, input),
            _ => Err(unknown(operation)),
        }
    }

    fn read(&mut self, operation: &str, input: Input<'_>) -> Answer {
        match operation {
            "DescribeLoadBalancers" => balancers::describe(self, input),
            "DescribeLoadBalancerAttributes" => attributes::describe_balancer(self, input),
            "DescribeListeners" => listeners::describe(self, input),
            "DescribeListenerAttributes" => attributes::describe_listener(self, input),
            "DescribeListenerCertificates" => certificates::describe(self, input),
            "DescribeRules" => rules::describe(self, input),
            "DescribeTargetGroups" => groups::describe(self, input),
            "DescribeTargetGroupAttributes" => attributes::describe_group(self, input),
            "DescribeTargetHealth" => health::describe(self, input),
            "DescribeTags" => tags::describe(self, input),
            "DescribeAccountLimits" => quotas::describe(self, input),
            "DescribeSSLPolicies" => certificates::describe_policies(input),
            _ => Err(unknown(operation)),
        }
    }

    /// Keeps what there was before a write, for stale reads.
    fn remember(&mut self, before: Objects) {
        self.pasts.push_back((self.now, before));
        if self.pasts.len() > PASTS {
            self.pasts.pop_front();
        }
    }

    /// What a reader sees: the present, or what there was as long ago as reads lag.
    fn seen(&self) -> &Objects {
        if self.read_age.is_zero() {
            return &self.objects;
        }
        let oldest = self.now.checked_sub(self.read_age).unwrap_or(self.now);
        self.pasts.iter().find(|(until, _)| *until > oldest).map_or(&self.objects, |(_, past)| past)
    }

    /// Whether what was made at this time is known to other calls already.
    fn is_known(&self, created: Timestamp) -> bool {
        self.lag.is_zero() || later(created, self.lag) <= self.now
    }

    /// 16 hex digits, the form of ids in ARNs.
    fn id(&mut self) -> String {
        format!("{:016x}", self.rng.random::<u64>())
    }

    /// AWS gives conditions and their values back in another order. normalisation §4.32.
    fn shuffle(&mut self, list: &mut Value) {
        if let Some(items) = list.as_array_mut() {
            items.shuffle(&mut self.rng);
        }
    }

    fn arn(&self, resource: &str) -> Arc<str> {
        format!("arn:aws:elasticloadbalancing:{}:{}:{resource}", self.region, self.account).into()
    }

    /// What there is, in a few lines, for people.
    pub(crate) fn overview(&self) -> Value {
        objects::overview(&self.objects, self.now)
    }
}

fn unknown(operation: &str) -> ServiceError {
    ServiceError::new("InvalidAction", format!("Could not find operation {operation} for version 2015-12-01"))
}

/// One page of `items` in the members of a list answer.
fn page(input: Input<'_>, name: &str, items: Vec<Value>) -> Answer {
    let size = usize::try_from(input.number("PageSize").unwrap_or(400)).unwrap_or(400);
    let from = match input.text("Marker").filter(|marker| !marker.is_empty()) {
        None => 0,
        Some(marker) => marker
            .strip_prefix("after-")
            .and_then(|place| place.parse::<usize>().ok())
            .ok_or_else(|| shapes::validation("The specified marker is not valid"))?,
    };
    let total = items.len();
    let shown: Vec<Value> = items.into_iter().skip(from).take(size).collect();
    let to = from + shown.len();
    let mut answer = json!({name: shown});
    if to < total {
        answer["NextMarker"] = json!(format!("after-{to}"));
    }
    Ok(answer)
}
