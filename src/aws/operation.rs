//! The operations that the operator calls, and which token bucket of AWS each draws from.

/// A token bucket of the ECS API. Numbers of the ECS request throttling page, per account and region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bucket {
    /// Register and deregister task definitions.
    TaskDefinitionWrite,
    /// Describe and list task definitions.
    TaskDefinitionRead,
    /// Create, update and delete services.
    ServiceWrite,
    /// Describe and list services.
    ServiceRead,
    /// Describe and list service deployments.
    DeploymentRead,
    /// Describe service revisions.
    RevisionRead,
    /// Describe and list tasks.
    TaskRead,
    /// Describe and list clusters.
    ClusterRead,
    /// Tag and untag.
    TagWrite,
}

impl Bucket {
    /// How many calls it holds when full, and how many it gains a second.
    pub const fn size(self) -> (f64, f64) {
        match self {
            Self::TaskDefinitionWrite => (20.0, 1.0),
            Self::TaskDefinitionRead | Self::DeploymentRead | Self::RevisionRead | Self::ClusterRead => (50.0, 20.0),
            Self::ServiceWrite => (50.0, 5.0),
            Self::ServiceRead | Self::TaskRead => (100.0, 20.0),
            Self::TagWrite => (20.0, 10.0),
        }
    }
}

/// One operation of the ECS API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// AWS's name; the IAM action is `ecs:` and this name.
    pub name: &'static str,
    /// The bucket that a call draws from.
    pub bucket: Bucket,
    /// `true` if it changes something.
    pub is_write: bool,
}

macro_rules! operations {
    ($($ident:ident = $name:literal $bucket:ident $is_write:literal;)*) => {
        $(pub(super) const $ident: Operation = Operation { name: $name, bucket: Bucket::$bucket, is_write: $is_write };)*
        /// Every operation of ECS that the operator calls: what its IAM policy has to allow.
        pub const OPERATIONS: &[Operation] = &[$($ident),*];
    };
}

operations! {
    REGISTER_TASK_DEFINITION = "RegisterTaskDefinition" TaskDefinitionWrite true;
    DEREGISTER_TASK_DEFINITION = "DeregisterTaskDefinition" TaskDefinitionWrite true;
    DESCRIBE_TASK_DEFINITION = "DescribeTaskDefinition" TaskDefinitionRead false;
    LIST_TASK_DEFINITIONS = "ListTaskDefinitions" TaskDefinitionRead false;
    CREATE_SERVICE = "CreateService" ServiceWrite true;
    UPDATE_SERVICE = "UpdateService" ServiceWrite true;
    DELETE_SERVICE = "DeleteService" ServiceWrite true;
    DESCRIBE_SERVICES = "DescribeServices" ServiceRead false;
    LIST_SERVICES = "ListServices" ServiceRead false;
    LIST_SERVICE_DEPLOYMENTS = "ListServiceDeployments" DeploymentRead false;
    DESCRIBE_SERVICE_DEPLOYMENTS = "DescribeServiceDeployments" DeploymentRead false;
    DESCRIBE_SERVICE_REVISIONS = "DescribeServiceRevisions" RevisionRead false;
    LIST_TASKS = "ListTasks" TaskRead false;
    DESCRIBE_TASKS = "DescribeTasks" TaskRead false;
    DESCRIBE_CLUSTERS = "DescribeClusters" ClusterRead false;
    TAG_RESOURCE = "TagResource" TagWrite true;
    UNTAG_RESOURCE = "UntagResource" TagWrite true;
}
