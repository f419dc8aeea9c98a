//! What answers at a target: a task, or somebody else's machine.

use super::World;
use super::input::Input;
use super::tasks::Task;
use crate::elb::traffic::Routed;
use crate::elb::{TargetBehaviour, TargetKey};
use crate::traffic::{HttpRequest, HttpResponse};

impl World {
    /// Sends a request to a listener.
    pub(crate) fn send(&mut self, listener: &str, request: &HttpRequest) -> HttpResponse {
        match self.elb.route(listener, request) {
            Routed::Answered(response) => response,
            Routed::Target { key, behaviour, response, is_http } => self.ask(&key, behaviour, response, is_http),
        }
    }

    /// The answer of a target. Its status is the target's own, or what a load balancer makes of one that does not answer.
    fn ask(&self, key: &TargetKey, behaviour: TargetBehaviour, mut response: HttpResponse, is_http: bool) -> HttpResponse {
        let task = self.task_of_target.get(key).and_then(|id| self.tasks.get(id));
        let is_there = task.is_none_or(Task::serves) && behaviour != TargetBehaviour::Stopped;
        let (status, words) = match behaviour {
            _ if !is_there => (502, "502 Bad Gateway"),
            TargetBehaviour::Refuses => (502, "502 Bad Gateway"),
            TargetBehaviour::TimesOut => (504, "504 Gateway Time-out"),
            TargetBehaviour::Unhealthy => (503, "the application is not well"),
            _ => (200, ""),
        };
        let reaches = matches!(status, 200 | 503);
        response.status = if reaches || is_http { status } else { 0 };
        response.body = if status == 200 { self.line(key, task) } else { words.to_owned() };
        response.task = task.filter(|_| reaches).map(|task| task.arn.clone());
        response
    }

    /// `shop:7 task 1a2b3c4d at 10.0.1.7:80`.
    fn line(&self, (_, (id, port)): &TargetKey, task: Option<&Task>) -> String {
        let Some(task) = task else { return format!("target {id}:{port}") };
        let definition = super::task_definitions::revision(self, &task.definition).map(Input);
        let name = definition.map_or_else(String::new, |definition| {
            let (family, revision) = (definition.text("family"), definition.number("revision"));
            format!("{}:{}", family.unwrap_or_default(), revision.unwrap_or_default())
        });
        format!("{name} task {} at {id}:{port}", &task.id[..8])
    }
}
