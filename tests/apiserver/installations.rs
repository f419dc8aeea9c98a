//! Two installations in one cluster, and definitions that are older than the program: what is said, and what waits.

use crate::world::{World, fast, install_these, until_some, web};
use clap::Parser;
use ecs_operator::api::crds;
use ecs_operator::clock::Clock;
use ecs_operator::definitions;
use ecs_operator::health::Readiness;
use ecs_operator::metrics::Metrics;
use ecs_operator::settings::Settings;
use ecs_operator::startup::{Process, lead, wait_for_kinds};
use envtest::ControlPlane;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A process of the installation whose replicas contend in `namespace`, which watches `watched`.
fn process(kube: &Client, namespace: &str, watched: &str) -> Process {
    let flags = ["ecs-operator", "--lease-namespace", namespace, "--watch-namespaces", watched, "--lease-duration-seconds", "3"];
    let mut settings = Settings::try_parse_from(flags).unwrap();
    settings.namespaces.retain(|it| !it.is_empty());
    Process {
        kube: kube.clone(),
        clock: Clock::of_the_machine(),
        installation: "test".to_owned(),
        metrics: Arc::new(Metrics::new()),
        readiness: Readiness::new(),
        settings: Arc::new(settings),
    }
}

const EARLY: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_second_installation_in_one_cluster_waits_and_says_for_which() {
    let plane = ControlPlane::start().await.unwrap();
    let kube = plane.client().await.unwrap();
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(kube.clone());
    for name in ["ops", "other", "third", "shop", "pay"] {
        let object = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
        namespaces.create(&PostParams::default(), &object).await.unwrap();
    }
    let first = lead(&process(&kube, "ops", "")).await;

    let second = process(&kube, "other", "");
    assert!(timeout(EARLY, lead(&second)).await.is_err(), "it waits");
    assert!(!second.readiness.is_ready());
    let says = second.readiness.report();
    assert!(says.contains("the ecs-operator of namespace ops works on all namespaces already; uninstall one"), "{says}");

    let of_one = process(&kube, "other", "shop");
    assert!(timeout(EARLY, lead(&of_one)).await.is_err(), "who works in one namespace waits for who works in all");
    assert!(of_one.readiness.report().contains("works on all namespaces already"), "{}", of_one.readiness.report());

    first.release().await.unwrap();
    let shop = timeout(EARLY * 2, lead(&process(&kube, "other", "shop"))).await.expect("nobody works there any more");
    let pay = timeout(EARLY * 2, lead(&process(&kube, "ops", "pay"))).await.expect("each has its own namespaces");
    let both = process(&kube, "third", "pay");
    assert!(timeout(EARLY, lead(&both)).await.is_err());
    assert!(both.readiness.report().contains("works on namespace pay already"), "{}", both.readiness.report());
    shop.release().await.unwrap();
    pay.release().await.unwrap();
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_are_not_there_are_waited_for_by_name_and_work_begins_when_they_come() {
    let plane = ControlPlane::start().await.unwrap();
    let kube = plane.client().await.unwrap();
    let readiness = Readiness::new();
    let (client, told) = (kube.clone(), readiness.clone());
    let wait = tokio::spawn(async move { wait_for_kinds(&client, &Clock::of_the_machine(), &told).await });
    let until_told = async |kinds: &[String]| {
        let sentence = format!("{} not served; `kubectl apply -f crds/` installs them", kinds.join(", "));
        until_some(&format!("it is told: {sentence}"), async || {
            let says = readiness.report();
            if says.contains(&sentence) { Ok(()) } else { Err(says) }
        })
        .await;
        assert!(!readiness.is_ready());
    };
    let all: Vec<String> = crds().into_iter().map(|crd| crd.spec.names.kind).collect();
    until_told(&all).await;
    let is_last = |crd: &CustomResourceDefinition| crd.spec.names.kind == "EcsNamespacePolicy";
    install_these(&kube, crds().into_iter().filter(|crd| !is_last(crd))).await;
    until_told(&["EcsNamespacePolicy".to_owned()]).await;
    assert!(!wait.is_finished());
    install_these(&kube, crds().into_iter().filter(is_last)).await;
    timeout(Duration::from_mins(1), wait).await.expect("all are there").unwrap();

    let mut world = World::in_cluster(kube, fast()).await;
    world.start_operator();
    world.apply(&web("nginx:1", 1)).await;
    world.until_ready("web").await;
    world.stop_operator().await;
    drop(world);
    plane.stop().await;
}

/// The definition without `spec.driftPolicy`, as one from before that was there.
fn older(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let schema = version.schema.as_mut().unwrap().open_api_v3_schema.as_mut().unwrap();
        let spec = schema.properties.as_mut().unwrap().get_mut("spec").unwrap();
        spec.properties.as_mut().unwrap().remove("driftPolicy");
    }
    crd
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_older_than_the_program_are_told_until_they_are_renewed() {
    let plane = ControlPlane::start().await.unwrap();
    let kube = plane.client().await.unwrap();
    let is_of_services = |crd: &CustomResourceDefinition| crd.spec.names.kind == "EcsService";
    install_these(&kube, crds().into_iter().map(|crd| if is_of_services(&crd) { older(crd) } else { crd })).await;
    let readiness = Readiness::new();
    let watch = tokio::spawn(definitions::watch_age(kube.clone(), Clock::of_the_machine(), readiness.clone()));
    until_some("it is told", async || {
        let says = readiness.report();
        if says.contains("drop EcsService.spec.driftPolicy; `kubectl apply -f crds/`") { Ok(()) } else { Err(says) }
    })
    .await;
    assert!(readiness.is_ready(), "what can be done is done");

    let newest = crds().into_iter().find(is_of_services).unwrap();
    let api: Api<CustomResourceDefinition> = Api::all(kube.clone());
    let params = PatchParams::apply("test").force();
    api.patch("ecsservices.ecs-operator.io", &params, &Patch::Apply(&newest)).await.unwrap();
    timeout(Duration::from_mins(1), watch).await.expect("it is seen that nothing is missing").unwrap();
    assert!(!readiness.report().contains("driftPolicy"), "{}", readiness.report());
    plane.stop().await;
}
