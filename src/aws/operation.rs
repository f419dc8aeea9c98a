//! The operations that the operator calls, and which token buckets of AWS each draws from.

/// A token bucket of an API of AWS, per account and region.
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
    /// All calls of Elastic Load Balancing together.
    LoadBalancing,
    /// Whatever changes something in Elastic Load Balancing, but for the creation of load balancers.
    LoadBalancingWrite,
    /// Create load balancers.
    LoadBalancerCreate,
    /// Look at certificates.
    CertificateRead,
}

impl Bucket {
    /// How many calls it holds when full, and how many it gains a second. Numbers of the pages on request throttling of
    /// Amazon ECS and of Elastic Load Balancing; those of ACM are quotas of the account, in calls a second.
    pub const fn size(self) -> (f64, f64) {
        match self {
            Self::TaskDefinitionWrite => (20.0, 1.0),
            Self::TaskDefinitionRead | Self::DeploymentRead | Self::RevisionRead | Self::ClusterRead => (50.0, 20.0),
            Self::ServiceWrite => (50.0, 5.0),
            Self::ServiceRead | Self::TaskRead => (100.0, 20.0),
            Self::TagWrite => (20.0, 10.0),
            Self::LoadBalancing => (40.0, 10.0),
            Self::LoadBalancingWrite => (20.0, 3.0),
            Self::LoadBalancerCreate => (10.0, 0.2),
            Self::CertificateRead => (8.0, 8.0),
        }
    }

    /// The bucket of the whole API that a call draws from as well, where there is one.
    pub const fn overall(self) -> Option<Self> {
        match self {
            Self::LoadBalancingWrite | Self::LoadBalancerCreate => Some(Self::LoadBalancing),
            _ => None,
        }
    }

    /// What the SDKs call the service, as in `rpc.service` of OpenTelemetry.
    const fn api(self) -> &'static str {
        match self {
            Self::LoadBalancing | Self::LoadBalancingWrite | Self::LoadBalancerCreate => "Elastic Load Balancing v2",
            Self::CertificateRead => "ACM",
            _ => "ECS",
        }
    }

    /// What IAM calls the service.
    const fn service(self) -> &'static str {
        match self {
            Self::LoadBalancing | Self::LoadBalancingWrite | Self::LoadBalancerCreate => "elasticloadbalancing",
            Self::CertificateRead => "acm",
            _ => "ecs",
        }
    }
}

/// One operation of an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// AWS's name.
    pub name: &'static str,
    /// The bucket of its class, from which a call draws.
    pub bucket: Bucket,
    /// `true` if it changes something.
    pub is_write: bool,
}

impl Operation {
    /// What the SDKs call the service, such as `ECS`.
    pub const fn api(&self) -> &'static str {
        self.bucket.api()
    }

    /// The action that IAM has to allow, such as `ecs:CreateService`.
    pub fn action(&self) -> String {
        format!("{}:{}", self.bucket.service(), self.name)
    }
}

macro_rules! operations {
    ($($ident:ident = $name:literal $bucket:ident $is_write:literal;)*) => {
        $(pub(super) const $ident: Operation = Operation { name: $name, bucket: Bucket::$bucket, is_write: $is_write };)*
        /// Every operation that the operator calls: what its IAM policy has to allow.
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

    DESCRIBE_LOAD_BALANCERS = "DescribeLoadBalancers" LoadBalancing false;
    DESCRIBE_LOAD_BALANCER_ATTRIBUTES = "DescribeLoadBalancerAttributes" LoadBalancing false;
    DESCRIBE_LISTENERS = "DescribeListeners" LoadBalancing false;
    DESCRIBE_LISTENER_ATTRIBUTES = "DescribeListenerAttributes" LoadBalancing false;
    DESCRIBE_LISTENER_CERTIFICATES = "DescribeListenerCertificates" LoadBalancing false;
    DESCRIBE_RULES = "DescribeRules" LoadBalancing false;
    DESCRIBE_TARGET_GROUPS = "DescribeTargetGroups" LoadBalancing false;
    DESCRIBE_TARGET_GROUP_ATTRIBUTES = "DescribeTargetGroupAttributes" LoadBalancing false;
    DESCRIBE_TARGET_HEALTH = "DescribeTargetHealth" LoadBalancing false;
    DESCRIBE_TAGS = "DescribeTags" LoadBalancing false;
    DESCRIBE_ACCOUNT_LIMITS = "DescribeAccountLimits" LoadBalancing false;
    CREATE_LOAD_BALANCER = "CreateLoadBalancer" LoadBalancerCreate true;
    MODIFY_LOAD_BALANCER_ATTRIBUTES = "ModifyLoadBalancerAttributes" LoadBalancingWrite true;
    SET_SUBNETS = "SetSubnets" LoadBalancingWrite true;
    SET_SECURITY_GROUPS = "SetSecurityGroups" LoadBalancingWrite true;
    SET_IP_ADDRESS_TYPE = "SetIpAddressType" LoadBalancingWrite true;
    DELETE_LOAD_BALANCER = "DeleteLoadBalancer" LoadBalancingWrite true;
    CREATE_LISTENER = "CreateListener" LoadBalancingWrite true;
    MODIFY_LISTENER = "ModifyListener" LoadBalancingWrite true;
    MODIFY_LISTENER_ATTRIBUTES = "ModifyListenerAttributes" LoadBalancingWrite true;
    ADD_LISTENER_CERTIFICATES = "AddListenerCertificates" LoadBalancingWrite true;
    REMOVE_LISTENER_CERTIFICATES = "RemoveListenerCertificates" LoadBalancingWrite true;
    DELETE_LISTENER = "DeleteListener" LoadBalancingWrite true;
    CREATE_RULE = "CreateRule" LoadBalancingWrite true;
    MODIFY_RULE = "ModifyRule" LoadBalancingWrite true;
    SET_RULE_PRIORITIES = "SetRulePriorities" LoadBalancingWrite true;
    DELETE_RULE = "DeleteRule" LoadBalancingWrite true;
    CREATE_TARGET_GROUP = "CreateTargetGroup" LoadBalancingWrite true;
    MODIFY_TARGET_GROUP = "ModifyTargetGroup" LoadBalancingWrite true;
    MODIFY_TARGET_GROUP_ATTRIBUTES = "ModifyTargetGroupAttributes" LoadBalancingWrite true;
    DELETE_TARGET_GROUP = "DeleteTargetGroup" LoadBalancingWrite true;
    ADD_TAGS = "AddTags" LoadBalancingWrite true;
    REMOVE_TAGS = "RemoveTags" LoadBalancingWrite true;

    LIST_CERTIFICATES = "ListCertificates" CertificateRead false;
    DESCRIBE_CERTIFICATE = "DescribeCertificate" CertificateRead false;
}
