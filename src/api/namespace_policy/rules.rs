//! What an entry of a policy may look like: an ARN with its account, or its resource alone; a `*` at the end and nowhere else.
//!
//! `domain::grant` reads them; a test there holds the two together.

use kube::core::Rule;
use schemars::Schema;
use serde_json::json;

macro_rules! arn {
    ($arn:literal, $resource:literal) => {
        concat!("^((arn:aws[a-z-]*:", $arn, ")?(", $resource, "))[^*?$\\s]*\\*?$")
    };
}

pub(super) const ROLE: &str = arn!("iam::[0-9]{12}:", "role/");
pub(super) const CLUSTER: &str = arn!("ecs:[a-z0-9-]+:[0-9]{12}:", "cluster/");
pub(super) const TARGET_GROUP: &str = arn!("(elasticloadbalancing|vpc-lattice):[a-z0-9-]+:[0-9]{12}:", "targetgroup/");
pub(super) const LISTENER: &str = arn!("(elasticloadbalancing|vpc-lattice):[a-z0-9-]+:[0-9]{12}:", "listener/|service/");
pub(super) const LOAD_BALANCER: &str = arn!("elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:", "loadbalancer/");
pub(super) const CERTIFICATE: &str =
    arn!("(acm|iam|elasticloadbalancing):[a-z0-9-]*:[0-9]{12}:", "certificate/|truststore/|server-certificate/");
pub(super) const FUNCTION: &str = arn!("lambda:[a-z0-9-]+:[0-9]{12}:", "function:");
pub(super) const KEY: &str = arn!("(kms|acm-pca):[a-z0-9-]+:[0-9]{12}:", "key/|alias/|certificate-authority/");
pub(super) const REGISTRY: &str = arn!("servicediscovery:[a-z0-9-]+:[0-9]{12}:", "service/");
pub(super) const ADOPTED: &str =
    arn!("(ecs|elasticloadbalancing):[a-z0-9-]+:[0-9]{12}:", "service/|task-definition/|loadbalancer/|listener/");
pub(super) const SECRET: &str = r"^(((arn:aws[a-z-]*:(secretsmanager|ssm):[a-z0-9-]+:[0-9]{12}:)?(secret:|parameter/))[^*?$\s]*|arn:aws[a-z-]*:s3:::[^*?$\s]+)\*?$";
/// Names and ids, as they stand.
pub(super) const NAMED: &str = r"^[^*?$\s]*\*?$";
/// Names of objects of Kubernetes.
pub(super) const OBJECT: &str = r"^[a-z0-9.-]*\*?$";

pub(super) fn name_is_default() -> Rule {
    Rule::new("self.metadata.name == 'default'").message("a namespace has one policy, and its name is default")
}

/// What names nobody would look granted and be not.
pub(super) fn grants_to_somebody(schema: &mut Schema) {
    schema.insert(
        "x-kubernetes-validations".to_owned(),
        json!([{
            "rule": "(has(self.from.names) && size(self.from.names) > 0) || has(self.from.selector)",
            "message": "from must say who may refer: names of namespaces, or a selector of their labels",
        }]),
    );
}
