//! AWS, in the words of this project: the only place that names the AWS SDK.
//!
//! [`Ecs`] has the calls that the operator makes and no more. What goes in is JSON in AWS's member names, made an input by
//! [`codec`] and granted by [`guard`]; what comes out is in [`model`]. Every call waits its turn in [`pace`], which is also
//! the only owner of retries: the SDK's own are off. [`credentials`] keeps what calls are signed with. [`reflector`] keeps the live
//! side of services in memory.
//!
//! [`elb`] has the same for Elastic Load Balancing.
//!
//! There is no trait to mock: in tests a fake stands behind the SDK's HTTP client.

pub mod acm;
pub mod certificates;
pub mod codec;
pub mod connection;
pub mod credentials;
pub mod elb;
pub mod error;
pub mod guard;
pub mod model;
pub mod operation;
pub mod pace;
pub mod reflector;
pub mod session;

mod call;
mod calls;
mod gate;
#[cfg(test)]
mod testing;

pub use acm::Acm;
pub use aws_sdk_ecs::operation::create_service::CreateServiceInput;
pub use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
pub use aws_sdk_ecs::operation::update_service::UpdateServiceInput;
pub use calls::{DescribedServices, Ecs};
pub use certificates::Certificates;
pub use connection::{Connection, Target};
pub use elb::{Balancing, Elb};
pub use error::{AwsError, Kind};
pub use guard::asks::Asks;
pub use guard::{Granted, Guard, NotGranted};
pub use model::{
    Cluster, LiveDeployment, LiveService, Rollback, ServiceDeployment, ServiceEvent, ServiceRevision, ServiceState,
    StoppedContainer, StoppedTask, TaskDefinition,
};
pub use pace::{Pacer, Priority};
pub use reflector::{Pace, Polling, Seen, Services};
pub use session::Session;
