//! Who gets the traffic while a blue/green, linear or canary deployment goes on: ECS owns the weights of the rules that a service
//! names, and swings them between its two target groups. load-balancing §2, §3.2; ecs-semantics §2.6.

use serde_json::{Value, json};

use super::Deployment;
use crate::ecs::World;
use crate::ecs::input::Input;
use crate::ecs::services::Service;

/// The target group of one entry of `loadBalancers` that tasks on this side register with.
pub(crate) fn group(balancer: Input<'_>, on_alternate: bool) -> Option<&str> {
    let alternate = balancer.object("advancedConfiguration").text("alternateTargetGroupArn").filter(|_| on_alternate);
    alternate.or_else(|| balancer.text("targetGroupArn"))
}

/// The side of the next deployment: the other one when it is to take over traffic, the same one when tasks only roll.
pub(super) fn side(service: &Service) -> bool {
    let Some(last) = &service.last_completed else { return false };
    let swings = service.get("deploymentConfiguration")["strategy"] != "ROLLING";
    let has_two = Input(&service.setup()).objects("loadBalancers").any(|balancer| balancer.has("advancedConfiguration"));
    if swings && has_two { !last.on_alternate } else { last.on_alternate }
}

/// `loadBalancers` as they are resolved: with the group that serves.
pub(crate) fn resolved(setup: &Value, on_alternate: bool) -> Value {
    let resolve = |balancer: Input<'_>| {
        let mut shown = json!({"targetGroupArn": group(balancer, on_alternate)});
        if let Some(rule) = balancer.object("advancedConfiguration").text("productionListenerRule") {
            shown["productionListenerRule"] = json!(rule);
        }
        shown
    };
    Input(setup).objects("loadBalancers").map(resolve).collect()
}

/// Gives a deployment this share of production traffic, in percent.
pub(super) fn production(world: &mut World, deployment: &Deployment, percent: i64) {
    set(world, deployment, "productionListenerRule", percent);
}

/// Gives a deployment the test traffic.
pub(super) fn test(world: &mut World, deployment: &Deployment) {
    set(world, deployment, "testListenerRule", 100);
}

fn set(world: &mut World, deployment: &Deployment, member: &str, percent: i64) {
    let setup = deployment.setup.clone();
    for balancer in Input(&setup).objects("loadBalancers") {
        let Some(rule) = balancer.object("advancedConfiguration").text(member) else { continue };
        let new = group(balancer, deployment.on_alternate).unwrap_or_default().to_owned();
        let old = group(balancer, !deployment.on_alternate).unwrap_or_default().to_owned();
        world.elb.set_weights(rule, &[(new, percent), (old, 100 - percent)]);
    }
}
