//! What Kubernetes lets the operator do in a story: what the chart gives it, and no more.

use http::{HeaderValue, Request};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, RoleRef, Subject};
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use kube::client::Body;
use kube::{Client, ResourceExt};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// The user as whom the operator calls.
const OPERATOR: &str = "system:serviceaccount:ecs-system:ecs-operator";

const RBAC: &str = "rbac.authorization.k8s.io";

/// Applies the `ClusterRole` as it is rendered from the chart and gives it to the operator. The same in every story of a
/// control plane, so it does no harm to do it again.
pub async fn grant(kube: &Client) {
    let role = rendered();
    let name = role.name_any();
    let binding = ClusterRoleBinding {
        metadata: ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() },
        role_ref: RoleRef { api_group: Some(RBAC.into()), kind: "ClusterRole".into(), name: name.clone() },
        subjects: Some(vec![Subject {
            kind: "User".into(),
            name: OPERATOR.into(),
            api_group: Some(RBAC.into()),
            ..Subject::default()
        }]),
    };
    let params = PatchParams::apply("chart").force();
    Api::<ClusterRole>::all(kube.clone()).patch(&name, &params, &Patch::Apply(&role)).await.unwrap();
    Api::<ClusterRoleBinding>::all(kube.clone()).patch(&name, &params, &Patch::Apply(&binding)).await.unwrap();
    while !may_list(kube).await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A client that calls as the operator: the same connection, with the name of somebody else.
pub fn as_operator(kube: &Client) -> Client {
    let (kube, namespace) = (kube.clone(), kube.default_namespace().to_owned());
    let service = tower::service_fn(move |mut request: Request<Body>| {
        request.headers_mut().insert("impersonate-user", HeaderValue::from_static(OPERATOR));
        let kube = kube.clone();
        async move { kube.send(request).await }
    });
    Client::new(service, namespace)
}

fn rendered() -> ClusterRole {
    let text = std::fs::read_to_string("deploy/operator/operator.yaml").unwrap();
    let mut documents = serde_yaml_ng::Deserializer::from_str(&text).map(|document| Value::deserialize(document).unwrap());
    let role = documents.find(|it| it["kind"] == "ClusterRole" && it["metadata"]["name"] == "ecs-operator").unwrap();
    serde_json::from_value(role).unwrap()
}

/// The API server learns of a binding a moment after it has stored it.
async fn may_list(kube: &Client) -> bool {
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(OPERATOR.into()),
            resource_attributes: Some(ResourceAttributes {
                group: Some("ecs-operator.io".into()),
                resource: Some("ecsservices".into()),
                verb: Some("list".into()),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let review = Api::all(kube.clone()).create(&PostParams::default(), &review).await.unwrap();
    review.status.is_some_and(|status| status.allowed)
}

/// That the rights are enforced at all: a Secret is none of the operator's business.
#[tokio::test(flavor = "multi_thread")]
async fn the_operator_is_refused_what_the_chart_does_not_give() {
    let world = super::World::without_operator(super::fast()).await;
    let secrets: Api<k8s_openapi::api::core::v1::Secret> = Api::namespaced(as_operator(&world.kube), &world.namespace);
    let secret = serde_json::from_value(json!({"metadata": {"name": "any"}})).unwrap();
    for refused in [secrets.get("any").await, secrets.create(&PostParams::default(), &secret).await] {
        assert!(matches!(&refused, Err(kube::Error::Api(refusal)) if refusal.code == 403), "{refused:?}");
    }
}
