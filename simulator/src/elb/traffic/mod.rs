//! The data plane: which rule decides about a request, and which target answers it.

mod choose;
mod matching;
mod redirect;
mod rewrite;

use std::sync::Arc;

use serde_json::Value;

pub(super) use choose::Turns;

use super::objects::{Balancer, BalancerKind, Listener, Rule};
use super::targets::{TargetBehaviour, TargetKey};
use super::{Elb, listeners};
use crate::ecs::input::Input;
use crate::traffic::{HttpRequest, HttpResponse};

/// Where a request ends.
pub(crate) enum Routed {
    /// The load balancer answers by itself.
    Answered(HttpResponse),
    /// A target answers; the response has everything but its status and body.
    Target { key: TargetKey, behaviour: TargetBehaviour, response: HttpResponse, is_http: bool },
}

/// Nobody there.
fn nobody() -> Routed {
    Routed::Answered(HttpResponse::status(0, "nobody answers"))
}

impl Elb {
    /// The listener that a client reaches: by its ARN, by the name of its load balancer, or by the host of one of its rules, as if
    /// the DNS had an alias.
    pub(crate) fn reach(&self, to: &str, port: u16, by_host: bool) -> Option<String> {
        if self.objects.listeners.contains_key(to) {
            return Some(to.to_owned());
        }
        let port = i64::from(port);
        let on_port = |balancer: &Balancer| {
            let listeners = self.objects.listeners_of(&balancer.arn);
            listeners.into_iter().find(|listener| listener.port == port).cloned()
        };
        let named =
            |balancer: &&Arc<Balancer>| balancer.shown["DNSName"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(to));
        let mut balancers = self.objects.balancers.values();
        let found = if by_host {
            balancers.filter_map(|balancer| on_port(balancer)).find(|listener| self.serves(listener, to))
        } else {
            balancers.find(named).and_then(|balancer| on_port(balancer))
        };
        found.map(|listener| listener.arn.to_string())
    }

    /// Whether a rule of the listener is for this host.
    fn serves(&self, listener: &Listener, host: &str) -> bool {
        self.objects.rules_of(&listener.arn).into_iter().any(|rule| matching::names_host(&rule.conditions, host))
    }

    /// Decides about a request that has reached this listener.
    pub(crate) fn route(&mut self, listener: &str, request: &HttpRequest) -> Routed {
        let Some(listener) = self.objects.listeners.get(listener).cloned() else { return nobody() };
        let balancer = self.objects.balancers.get(super::arn::balancer_of(&listener.arn).as_str()).cloned();
        let Some(balancer) = balancer.filter(|balancer| balancer.is_active(self.now)) else { return nobody() };
        let rule = match balancer.kind {
            BalancerKind::Application => {
                let rules = self.objects.rules_of(&listener.arn);
                rules.into_iter().find(|rule| matching::fits(&rule.conditions, request)).cloned()
            }
            _ => listeners::default_rule(&self.objects, &listener.arn).cloned(),
        };
        let Some(rule) = rule else { return nobody() };
        let request = rewrite::apply(&rule.transforms, request);
        let is_http = balancer.kind == BalancerKind::Application;
        self.act(&listener, &rule, &request, is_http)
    }

    /// Carries out the last action of a rule; what authenticates before it is taken as passed.
    fn act(&mut self, listener: &Listener, rule: &Arc<Rule>, request: &HttpRequest, is_http: bool) -> Routed {
        let Some(action) = rule.actions.as_array().and_then(|actions| actions.last()).map(Input) else { return nobody() };
        let mut response = HttpResponse { rule: Some(rule.arn.to_string()), ..HttpResponse::default() };
        match action.text("Type") {
            Some("redirect") => {
                response.status = if action.object("RedirectConfig").text("StatusCode") == Some("HTTP_301") { 301 } else { 302 };
                let location = redirect::location(action.object("RedirectConfig"), listener, request);
                response.headers.push(("location".to_owned(), location));
                Routed::Answered(response)
            }
            Some("fixed-response") => {
                let config = action.object("FixedResponseConfig");
                response.status = config.text("StatusCode").and_then(|code| code.parse().ok()).unwrap_or(500);
                config.text("MessageBody").unwrap_or_default().clone_into(&mut response.body);
                let kind = config.text("ContentType").unwrap_or("text/plain; charset=utf-8");
                response.headers.push(("content-type".to_owned(), kind.to_owned()));
                Routed::Answered(response)
            }
            _ => self.forward(rule, action.object("ForwardConfig"), (request, response), is_http),
        }
    }

    fn forward(
        &mut self,
        rule: &Arc<Rule>,
        config: Input<'_>,
        (request, mut response): (&HttpRequest, HttpResponse),
        is_http: bool,
    ) -> Routed {
        let Some(group) = choose::group(self, rule, config, (request, &mut response)) else {
            return unavailable(response, is_http);
        };
        response.target_group = Some(group.to_string());
        let Some(target) = choose::target(self, &group, (request, &mut response)) else {
            return unavailable(response, is_http);
        };
        if let Some(inner) = self.behind(&group, &target) {
            return self.route(&inner, request);
        }
        response.target = Some(format!("{}:{}", target.0, target.1));
        let known = self.objects.groups.get(&group).and_then(|known| known.targets.get(&target));
        let behaviour = known.map_or(TargetBehaviour::Healthy, |target| target.answers);
        Routed::Target { key: (group, target), behaviour, response, is_http }
    }

    /// The listener of an Application Load Balancer that is itself a target.
    fn behind(&self, group: &str, target: &(String, i64)) -> Option<String> {
        let group = self.objects.groups.get(group).filter(|group| group.text("TargetType") == "alb")?;
        let port = if target.1 == 0 { group.number("Port") } else { target.1 };
        let listeners = self.objects.listeners_of(&target.0);
        listeners.into_iter().find(|listener| listener.port == port).map(|listener| listener.arn.to_string())
    }
}

/// No target: 503 from an Application Load Balancer, a closed connection from a Network Load Balancer.
fn unavailable(response: HttpResponse, is_http: bool) -> Routed {
    let (status, body) = if is_http { (503, "503 Service Temporarily Unavailable") } else { (0, "nobody answers") };
    Routed::Answered(HttpResponse { status, body: body.to_owned(), ..response })
}

/// Whether a list of patterns holds for a value.
fn any(patterns: &[Value], fits: impl Fn(&str) -> bool) -> bool {
    patterns.iter().filter_map(Value::as_str).any(fits)
}
