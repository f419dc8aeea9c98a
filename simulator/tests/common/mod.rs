//! A simulator, and the AWS SDK in front of it.

#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]
#![allow(clippy::disallowed_methods, reason = "the tests sleep in virtual time")]

use std::time::Duration;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_ecs::error::DisplayErrorContext;
use aws_sdk_ecs::types::builders::ContainerDefinitionBuilder;
use aws_sdk_ecs::types::{
    AwsVpcConfiguration, Compatibility, ContainerDefinition, DeploymentCircuitBreaker, DeploymentConfiguration, DesiredStatus,
    HealthCheck, LaunchType, NetworkConfiguration, NetworkMode, Service, ServiceDeployment, ServiceField, Task,
};
use aws_smithy_async::rt::sleep::TokioSleep;
use simulator::{Settings, Simulator};

pub struct Aws {
    pub simulator: Simulator,
    pub ecs: Client,
}

pub async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

pub fn client(simulator: &Simulator) -> Client {
    let config = aws_sdk_ecs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::for_tests())
        .http_client(simulator.http_client())
        .sleep_impl(TokioSleep::new())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(20)).build())
        .build();
    Client::from_conf(config)
}

pub fn network() -> NetworkConfiguration {
    let vpc = AwsVpcConfiguration::builder().subnets("subnet-a").subnets("subnet-b").build().unwrap();
    NetworkConfiguration::builder().awsvpc_configuration(vpc).build()
}

pub fn app(image: &str) -> ContainerDefinitionBuilder {
    ContainerDefinition::builder().name("app").image(image)
}

impl Aws {
    pub fn start() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        let settings = Settings { clusters: vec!["main".to_owned()], ..settings };
        let simulator = Simulator::new(settings);
        let ecs = client(&simulator);
        Self { simulator, ecs }
    }

    pub async fn register(&self, family: &str, image: &str) {
        self.register_containers(family, app(image)).await;
    }

    pub async fn register_with_check(&self, family: &str, image: &str) {
        let check = HealthCheck::builder().command("CMD").command("true").interval(10).build().unwrap();
        self.register_containers(family, app(image).health_check(check)).await;
    }

    async fn register_containers(&self, family: &str, container: ContainerDefinitionBuilder) {
        let request = self.ecs.register_task_definition().family(family).container_definitions(container.build());
        let request = request.requires_compatibilities(Compatibility::Fargate).network_mode(NetworkMode::Awsvpc);
        request.cpu("256").memory("512").send().await.unwrap();
    }

    pub async fn create(&self, name: &str, definition: &str, count: i32) -> Result<Service, String> {
        let breaker = DeploymentCircuitBreaker::builder().enable(true).rollback(true).build();
        let request =
            self.ecs.create_service().cluster("main").service_name(name).task_definition(definition).desired_count(count);
        let request = request.launch_type(LaunchType::Fargate).network_configuration(network());
        let request =
            request.deployment_configuration(DeploymentConfiguration::builder().deployment_circuit_breaker(breaker).build());
        let answer = request.send().await.map_err(|error| DisplayErrorContext(error).to_string())?;
        Ok(answer.service.unwrap())
    }

    /// A service that has rolled out.
    pub async fn settled(&self, name: &str, image: &str, count: i32) {
        self.register(name, image).await;
        self.create(name, &format!("{name}:1"), count).await.unwrap();
        seconds(120).await;
        assert_eq!(self.service(name).await.running_count(), count);
    }

    pub async fn service(&self, name: &str) -> Service {
        let request = self.ecs.describe_services().cluster("main").services(name).include(ServiceField::Tags);
        request.send().await.unwrap().services.unwrap().remove(0)
    }

    pub async fn newest_deployment(&self, name: &str) -> ServiceDeployment {
        let listed = self.ecs.list_service_deployments().cluster("main").service(name).send().await.unwrap();
        let arn = listed.service_deployments()[0].service_deployment_arn().unwrap();
        let described = self.ecs.describe_service_deployments().service_deployment_arns(arn).send().await.unwrap();
        described.service_deployments.unwrap().remove(0)
    }

    pub async fn tasks(&self, name: &str) -> Vec<Task> {
        self.tasks_in(name, DesiredStatus::Running).await
    }

    pub async fn stopped_tasks(&self, name: &str) -> Vec<Task> {
        self.tasks_in(name, DesiredStatus::Stopped).await
    }

    async fn tasks_in(&self, name: &str, status: DesiredStatus) -> Vec<Task> {
        let listed = self.ecs.list_tasks().cluster("main").service_name(name).desired_status(status).send().await.unwrap();
        if listed.task_arns().is_empty() {
            return Vec::new();
        }
        let request = self.ecs.describe_tasks().cluster("main").set_tasks(listed.task_arns);
        request.send().await.unwrap().tasks.unwrap()
    }
}
