//! The live side of services against the simulator, in virtual time: calls, gate, pacer and reflector in one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ecs_operator::aws::codec::to_input;
use ecs_operator::aws::connection::config_in_process;
use ecs_operator::aws::{Connection, Ecs, Guard, LiveService, Pace, Pacer, Polling, Seen, Services};
use ecs_operator::domain::{ObjectKey, ServiceKey};
use serde_json::{Value, json};
use simulator::{Settings, Simulator};
use std::time::Duration;
use tokio::time::timeout;

fn connect() -> (Simulator, Connection) {
    let simulator = Simulator::new(Settings::default());
    simulator.call("CreateCluster", json!({"clusterName": "prod"})).unwrap();
    let config = config_in_process(simulator.http_client(), "AKIDEXAMPLE", "eu-central-1");
    (simulator, Connection::new("default", &config, Pacer::new()).unwrap())
}

async fn register(ecs: &Ecs, image: &str) -> String {
    let declared = json!({
        "family": "shop", "cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "app", "image": image}],
    });
    ecs.register_task_definition(Guard::allow_all().grant(to_input(&declared).unwrap()).unwrap()).await.unwrap().arn
}

fn web(task_definition: &str) -> Value {
    json!({
        "cluster": "prod", "serviceName": "web", "taskDefinition": task_definition, "desiredCount": 2, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
    })
}

async fn create(ecs: &Ecs, declared: &Value) -> LiveService {
    ecs.create_service(Guard::allow_all().grant(to_input(declared).unwrap()).unwrap()).await.unwrap()
}

async fn pass(time: Duration) {
    let _ = timeout(time, std::future::pending::<()>()).await;
}

fn follow(connection: &Connection) -> (Services, ServiceKey) {
    let (services, key) = (Services::new(connection.ecs.clone(), Polling::default()), ServiceKey::new("prod", "web"));
    services.follow(&key, &ObjectKey { namespace: "shop".to_owned(), name: "web".to_owned() }, Pace::Rolling);
    let running = services.clone();
    tokio::spawn(async move { running.run().await });
    (services, key)
}

#[tokio::test(start_paused = true)]
async fn a_rollout_is_seen_to_its_end() {
    let (_, connection) = connect();
    let first = register(&connection.ecs, "nginx:1").await;
    create(&connection.ecs, &web(&first)).await;
    let (services, key) = follow(&connection);
    pass(Duration::from_mins(5)).await;
    let Seen::Live { service, deployment: Some(deployment), .. } = services.get(&key) else { panic!("{:?}", services.get(&key)) };
    assert_eq!((service.running, service.primary().unwrap().rollout_state.as_deref()), (2, Some("COMPLETED")));
    assert_eq!(deployment.status, "SUCCESSFUL");
    assert_eq!(deployment.target_task_definition.as_deref(), Some(first.as_str()));
    assert!(services.last_error(&key).is_none() && services.last_error_beside(&key).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_rollback_is_seen_with_its_reason_and_the_tasks_that_stopped() {
    let (_, connection) = connect();
    let first = register(&connection.ecs, "nginx:1").await;
    create(&connection.ecs, &web(&first)).await;
    let (services, key) = follow(&connection);
    pass(Duration::from_mins(5)).await;
    let second = register(&connection.ecs, "missing:1").await;
    let update = to_input(&json!({"cluster": "prod", "service": "web", "taskDefinition": second})).unwrap();
    let reply = connection.ecs.update_service(Guard::allow_all().grant(update).unwrap()).await.unwrap();
    services.wrote(&key, reply);
    pass(Duration::from_mins(30)).await;
    let Seen::Live { service, deployment: Some(deployment), stopped, .. } = services.get(&key) else {
        panic!("{:?}", services.get(&key))
    };
    assert_eq!(service.task_definition, first);
    assert_eq!(deployment.status, "ROLLBACK_SUCCESSFUL");
    assert!(deployment.rollback.is_some());
    assert_eq!(deployment.target_task_definition.as_deref(), Some(second.as_str()));
    let why = stopped.iter().filter_map(|task| task.stopped_reason.as_deref()).find(|why| why.contains("CannotPull"));
    assert!(why.is_some(), "{stopped:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_seen_from_draining_to_inactive() {
    let (_, connection) = connect();
    let first = register(&connection.ecs, "nginx:1").await;
    create(&connection.ecs, &web(&first)).await;
    let (services, key) = follow(&connection);
    pass(Duration::from_mins(2)).await;
    let draining = connection.ecs.delete_service("prod", "web", true).await.unwrap().unwrap();
    services.wrote(&key, draining);
    pass(Duration::from_mins(5)).await;
    let Seen::Live { service, .. } = services.get(&key) else { panic!("{:?}", services.get(&key)) };
    assert_eq!(service.status, ecs_operator::aws::ServiceState::Inactive);
}
