//! What ECS asks about target groups before it takes them. load-balancing §3.1, ecs-semantics §2.6.

use serde_json::Value;

use crate::ecs::World;
use crate::ecs::input::Input;
use crate::fault::ServiceError;

/// The group exists, is behind a load balancer, and its targets are what the network mode makes of tasks.
pub(crate) fn check(world: &World, balancers: &[Value], definition: &Value) -> Result<(), ServiceError> {
    for balancer in balancers.iter().map(Input) {
        let advanced = balancer.object("advancedConfiguration");
        for group in balancer.text("targetGroupArn").into_iter().chain(advanced.text("alternateTargetGroupArn")) {
            check_group(world, group, definition)?;
        }
        for member in ["productionListenerRule", "testListenerRule"] {
            if let Some(arn) = advanced.text(member)
                && world.is_strict_about(arn)
                && !world.elb.has_rule_or_listener(arn)
            {
                return Err(ServiceError::invalid(format!("The {member} {arn} does not exist.")));
            }
        }
    }
    Ok(())
}

fn check_group(world: &World, group: &str, definition: &Value) -> Result<(), ServiceError> {
    let Some(facts) = world.elb.facts(group) else {
        if world.is_strict_about(group) {
            // (?) the words.
            return Err(ServiceError::invalid(format!("The target group {group} does not exist.")));
        }
        return Ok(());
    };
    let mode = Input(definition).text("networkMode").unwrap_or("bridge");
    let wanted = if mode == "awsvpc" { "ip" } else { "instance" };
    if facts.target_type != wanted {
        return Err(ServiceError::invalid(format!(
            "The provided target group {group} has target type {}, which is incompatible with the {mode} network mode specified in the task definition.",
            facts.target_type
        )));
    }
    if !facts.is_behind_a_balancer {
        return Err(ServiceError::invalid(format!(
            "The target group with targetGroupArn {group} does not have an associated load balancer."
        )));
    }
    Ok(())
}
