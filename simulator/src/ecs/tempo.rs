//! How long things take. AWS promises nothing here: these are ordinary values, in one place.

use std::time::Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// From a change to the scheduler's next look.
pub(crate) const SCHEDULER: Duration = seconds(1);
/// PROVISIONING of a Fargate task: its network interface.
pub(crate) const PROVISION_FARGATE: Duration = seconds(8);
/// PROVISIONING of a task on an instance.
pub(crate) const PROVISION_INSTANCE: Duration = seconds(1);
/// PENDING: pulling images and starting containers.
pub(crate) const PULL: Duration = seconds(10);
/// ACTIVATING: registration with targets and discovery.
pub(crate) const ACTIVATE: Duration = seconds(2);
/// From the end of a container to the deregistration of its task.
pub(crate) const NOTICE: Duration = seconds(2);
/// DEACTIVATING: deregistration; longer while load balancers drain.
pub(crate) const DEACTIVATE: Duration = seconds(3);
/// STOPPING: until containers have ended on SIGTERM.
pub(crate) const STOP: Duration = seconds(5);
/// DEPROVISIONING: the network interface goes.
pub(crate) const DEPROVISION: Duration = seconds(5);
/// A task without health checks counts as healthy this long after RUNNING. ecs-semantics §2.4.
pub(crate) const HEALTHY_WITHOUT_CHECKS: Duration = seconds(40);
/// A stopped task is visible at least this long. ecs-semantics §4.3.
pub(crate) const STOPPED_TASK_VISIBLE: Duration = seconds(3600);
/// An INACTIVE service is visible for a time that nobody states. ecs-semantics §2.9.
pub(crate) const INACTIVE_SERVICE_VISIBLE: Duration = seconds(3600);
/// The steady-state event comes again. ecs-semantics §3.6 says that it repeats, not how often.
pub(crate) const STEADY_STATE_AGAIN: Duration = seconds(6 * 3600);
/// The longest launch backoff. ecs-semantics §4.4.
pub(crate) const LONGEST_BACKOFF: Duration = seconds(27 * 60);
/// One lifecycle stage of a blue/green, linear or canary deployment that does not wait for tasks.
pub(crate) const STAGE: Duration = seconds(5);
/// A rollback lasts at least this long, even if every old task is still there.
pub(crate) const ROLLBACK: Duration = seconds(10);
