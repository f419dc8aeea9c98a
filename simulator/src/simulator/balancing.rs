//! What a simulator does about load balancing: direct calls, requests to load balancers, and the knobs of a test.

use std::time::Duration;

use serde_json::Value;

use super::{Place, Request, Simulator};
use crate::elb::TargetBehaviour;
use crate::fault::ServiceError;
use crate::settings::Settings;
use crate::traffic::{HttpRequest, HttpResponse};

impl Simulator {
    /// Carries out one operation of Elastic Load Balancing in the account and region of the settings, without throttling, faults
    /// or a log entry. The input is nested JSON: `{"Actions": [{"Type": "forward", …}]}`.
    ///
    /// # Errors
    /// What AWS would answer.
    pub fn call_elb(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        let settings = &self.0.settings;
        self.call_elb_in(&settings.account, &settings.region, operation, input)
    }

    /// As [`Simulator::call_elb`], in another account or region.
    ///
    /// # Errors
    /// What AWS would answer.
    #[expect(clippy::needless_pass_by_value, reason = "callers write the input in place")]
    pub fn call_elb_in(&self, account: &str, region: &str, operation: &str, input: Value) -> Result<Value, ServiceError> {
        let mut state = self.0.state.lock();
        state.place(&self.0.settings, account, region).world.call_balancing(operation, &input)
    }

    /// Issues a certificate for these domain names in the account and region of the settings; its ARN comes back.
    pub fn add_certificate(&self, domains: &[&str]) -> String {
        let settings = &self.0.settings;
        let domains: Vec<String> = domains.iter().map(|domain| (*domain).to_owned()).collect();
        let mut state = self.0.state.lock();
        state.place(settings, &settings.account, &settings.region).world.elb.add_certificate(&domains)
    }

    /// From now on, targets whose `id:port` contains `pattern` answer their health checks like this. The latest setting wins,
    /// before what the image of a task says.
    pub fn set_target(&self, pattern: &str, behaviour: TargetBehaviour) {
        let mut state = self.0.state.lock();
        let now = state.clock.now();
        for place in state.places.values_mut() {
            place.world.run_until(now);
            place.world.elb.set_behaviour(pattern, behaviour);
        }
        state.targets.push((pattern.to_owned(), behaviour));
    }

    /// Changes a quota of Elastic Load Balancing, by its name in `DescribeAccountLimits`.
    pub fn set_quota(&self, name: &str, most: u32) {
        let mut state = self.0.state.lock();
        for place in state.places.values_mut() {
            place.world.elb.quotas.set(name, most);
        }
        state.quotas.insert(name.to_owned(), most);
    }

    /// Sends a request to a load balancer, as a client of a service would.
    pub fn send(&self, request: &HttpRequest) -> HttpResponse {
        self.send_to(request, false).unwrap_or_else(|| HttpResponse::status(0, "nobody answers"))
    }

    /// `None` when nobody has this name. `by_host` finds a listener by the host of a rule.
    pub(crate) fn send_to(&self, request: &HttpRequest, by_host: bool) -> Option<HttpResponse> {
        let mut state = self.0.state.lock();
        let now = state.clock.now();
        state.places.values_mut().find_map(|place| {
            let listener = place.world.elb.reach(&request.to, request.port, by_host)?;
            place.world.run_until(now);
            Some(place.world.send(&listener, request))
        })
    }
}

impl Place {
    pub(super) fn perform_balancing(
        &mut self,
        settings: &Settings,
        request: &Request,
        age: Option<Duration>,
    ) -> Result<Value, ServiceError> {
        if settings.throttling && !self.buckets.take_balancing(&request.operation, self.world.now()) {
            return Err(ServiceError::new("Throttling", "Rate exceeded"));
        }
        self.world.elb.read_age = age.unwrap_or_default();
        let answer = self.world.call_balancing(&request.operation, &request.input);
        self.world.elb.read_age = Duration::ZERO;
        answer
    }
}
