//! The simulator as its users hold it, and the path that every call takes.

mod balancing;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::calls::{Call, Outcome, target};
use crate::clock::Clock;
use crate::connector::Connector;
use crate::ecs::{World, images::ImageBehaviour};
use crate::elb::TargetBehaviour;
use crate::fault::{Fault, FaultId, FaultKind, Faults, ServiceError};
use crate::http::query::BALANCING;
use crate::neighbours::{self, Neighbours, Session};
use crate::settings::Settings;
use crate::shapes;
use crate::signatures::{Signature, Signatures};
use crate::throttle::Buckets;

/// How many calls the log keeps; the counts go on.
const LOGGED_CALLS: usize = 200_000;

/// One simulated AWS: every account and region, each with a world of its own.
///
/// Cloning is cheap and gives the same simulator.
#[derive(Clone)]
pub struct Simulator(Arc<Inner>);

struct Inner {
    settings: Settings,
    state: Mutex<State>,
}

struct State {
    clock: Clock,
    faults: Faults,
    calls: VecDeque<Call>,
    counts: BTreeMap<String, u64>,
    places: BTreeMap<(String, String), Place>,
    neighbours: Neighbours,
    images: Vec<(String, ImageBehaviour)>,
    targets: Vec<(String, TargetBehaviour)>,
    quotas: BTreeMap<String, u32>,
    forbidden_roles: Vec<String>,
    signatures: Signatures,
}

/// One account and region.
struct Place {
    world: World,
    buckets: Buckets,
}

/// Where and what a request asks.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) input: Value,
    /// The role that the caller has taken on.
    pub(crate) session: Option<Session>,
    pub(crate) signature: Signature,
}

/// What the wire has to do.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) after: Duration,
    pub(crate) what: ReplyKind,
}

#[derive(Debug)]
pub(crate) enum ReplyKind {
    Answer(Result<Value, ServiceError>),
    Html(u16, &'static str),
    BrokenConnection,
    Never,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl Default for Simulator {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl Simulator {
    /// A fresh AWS. Its clock starts here.
    pub fn new(settings: Settings) -> Self {
        #[expect(clippy::disallowed_methods, reason = "simulated time has to begin somewhere")]
        let start = settings.start.unwrap_or_else(Timestamp::now);
        let state = State {
            clock: Clock::new(start, settings.speed),
            faults: Faults::default(),
            calls: VecDeque::new(),
            counts: BTreeMap::new(),
            places: BTreeMap::new(),
            neighbours: Neighbours::default(),
            images: Vec::new(),
            targets: Vec::new(),
            quotas: settings.quotas.clone(),
            forbidden_roles: Vec::new(),
            signatures: Signatures::default(),
        };
        Self(Arc::new(Inner { settings, state: Mutex::new(state) }))
    }

    /// The simulator as the HTTP client of an AWS SDK in this process.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(Connector::new(self.clone()))
    }

    /// Serves every AWS service and the admin endpoint on `listener` until `shutdown` completes.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        &self,
        listener: tokio::net::TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        crate::http::serve(self.clone(), listener, shutdown).await
    }

    /// Carries out one ECS operation in the account and region of the settings, without throttling, faults or a log entry.
    ///
    /// # Errors
    /// What AWS would answer.
    pub fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        let settings = &self.0.settings;
        self.call_in(&settings.account, &settings.region, operation, input)
    }

    /// As [`Simulator::call`], in another account or region.
    ///
    /// # Errors
    /// What AWS would answer.
    #[expect(clippy::needless_pass_by_value, reason = "callers write the input in place")]
    pub fn call_in(&self, account: &str, region: &str, operation: &str, input: Value) -> Result<Value, ServiceError> {
        let mut state = self.0.state.lock();
        let place = state.place(&self.0.settings, account, region);
        carry_out(&mut place.world, operation, &input)
    }

    /// The calls made over a wire, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.0.state.lock().calls.iter().cloned().collect()
    }

    /// How often each operation was called over a wire, throttled and refused calls included; never cut short.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.0.state.lock().counts.clone()
    }

    /// Forgets the calls made so far, and their counts.
    pub fn clear_calls(&self) {
        let mut state = self.0.state.lock();
        state.calls.clear();
        state.counts.clear();
    }

    /// Makes calls fail from now on.
    pub fn inject(&self, fault: Fault) -> FaultId {
        self.0.state.lock().faults.add(fault)
    }

    /// Ends one fault.
    pub fn remove_fault(&self, id: FaultId) {
        self.0.state.lock().faults.remove(id);
    }

    /// Ends every fault.
    pub fn clear_faults(&self) {
        self.0.state.lock().faults.clear();
    }

    /// From now on, containers whose image contains `pattern` behave like this. The latest setting wins, before the image's name.
    pub fn set_image(&self, pattern: &str, behaviour: ImageBehaviour) {
        let mut state = self.0.state.lock();
        for place in state.places.values_mut() {
            place.world.images.set(pattern, behaviour.clone());
        }
        state.images.push((pattern.to_owned(), behaviour));
    }

    /// From now on, nobody may pass roles whose ARN contains `pattern` to ECS.
    pub fn forbid_role(&self, pattern: &str) {
        let mut state = self.0.state.lock();
        state.forbidden_roles.push(pattern.to_owned());
        for place in state.places.values_mut() {
            place.world.forbidden_roles.push(pattern.to_owned());
        }
    }

    /// Makes every role passable again.
    pub fn allow_roles(&self) {
        let mut state = self.0.state.lock();
        state.forbidden_roles.clear();
        for place in state.places.values_mut() {
            place.world.forbidden_roles.clear();
        }
    }

    /// From now on, nobody may take on roles whose ARN contains `pattern`.
    pub fn close_role(&self, pattern: &str) {
        self.0.state.lock().neighbours.close_role(pattern);
    }

    /// Lets every role be taken on again.
    pub fn open_roles(&self) {
        self.0.state.lock().neighbours.open_roles();
    }

    /// From now on policy and tags of a session may have this many characters together: STS's limit on what it packs them into,
    /// which depends on more than their length. `None`: there is no such limit.
    pub fn set_largest_packed_policy(&self, characters: Option<usize>) {
        self.0.state.lock().neighbours.set_largest_packed_policy(characters);
    }

    /// Sets AWS's clock, by which signatures and the ends of sessions are judged: how far it is ahead of the machine's, by which
    /// clients sign. `None`, as at the start: neither is judged, and answers carry no `Date`.
    pub fn set_clock_ahead(&self, ahead: Option<SignedDuration>) {
        self.0.state.lock().signatures.set_ahead(ahead);
    }

    /// From now on AWS does not know this access key, as if it had been deleted.
    pub fn retire_key(&self, access_key: &str) {
        self.0.state.lock().signatures.retire(access_key);
    }

    /// Makes every access key known again.
    pub fn restore_keys(&self) {
        self.0.state.lock().signatures.restore_all();
    }

    /// Marks the IAM role of this name as not existing, for IAM's answers.
    pub fn remove_role(&self, name: &str) {
        self.0.state.lock().neighbours.remove_role(name);
    }

    /// Simulated time.
    pub fn now(&self) -> Timestamp {
        self.0.state.lock().clock.now()
    }

    /// Moves simulated time forward and plays what falls due.
    pub fn advance(&self, by: Duration) {
        let mut state = self.0.state.lock();
        state.clock.advance(by);
        let now = state.clock.now();
        for place in state.places.values_mut() {
            place.world.run_until(now);
        }
    }

    /// Everything the simulator knows about services and tasks, for people to look at.
    pub fn state(&self) -> Value {
        let mut state = self.0.state.lock();
        let now = state.clock.now();
        let mut places = Vec::new();
        for ((account, region), place) in &mut state.places {
            place.world.run_until(now);
            places.push(json!({"account": account, "region": region, "world": place.world.overview()}));
        }
        json!({"now": now, "worlds": places, "faults": state.faults.list()})
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The account that a caller with this access key acts in, and the role that it has taken on.
    pub(crate) fn caller(&self, access_key: Option<&str>) -> (String, Option<Session>) {
        let named = |key: &str| {
            let is_account = key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit());
            is_account.then(|| key.to_owned())
        };
        if let Some(session) = access_key.and_then(|key| self.0.state.lock().neighbours.session(key)) {
            return (session.account.clone(), Some(session));
        }
        (access_key.and_then(named).unwrap_or_else(|| self.0.settings.account.clone()), None)
    }

    /// The time that AWS's answers carry, if its clock was set.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        self.0.state.lock().signatures.now()
    }

    /// Answers one request of a wire: signature, faults, then buckets, then the operation, all in the log.
    pub(crate) fn answer(&self, request: Request) -> Reply {
        let settings = &self.0.settings;
        let mut state = self.0.state.lock();
        let state = &mut *state;
        let now = state.clock.now();
        let target = target(&request.input);
        let refused = state.signatures.check(&request).err().map(|ServiceError { status, code, message }| FaultKind::Error {
            status,
            code,
            message,
        });
        let fault = refused.or_else(|| state.faults.meet(&request.operation, &target, now));
        let mut after = settings.latency;
        let (what, outcome) = match fault {
            Some(FaultKind::Hang) => (ReplyKind::Never, Outcome::Hung),
            Some(FaultKind::Html502) => (ReplyKind::Html(502, BAD_GATEWAY), Outcome::Error("502".to_owned())),
            Some(FaultKind::Error { status, code, message }) => {
                let outcome = Outcome::Error(code.clone());
                (ReplyKind::Answer(Err(ServiceError { status, code, message })), outcome)
            }
            Some(FaultKind::LostReply) => {
                let _ = state.perform(settings, &request, None);
                (ReplyKind::BrokenConnection, Outcome::LostReply)
            }
            Some(FaultKind::Delay { by }) => {
                after += by;
                answered(state.perform(settings, &request, None))
            }
            Some(FaultKind::StaleRead { age }) => answered(state.perform(settings, &request, Some(age))),
            None => answered(state.perform(settings, &request, None)),
        };
        state.log(settings, request, (now, target, outcome));
        Reply { after, what }
    }
}

const BAD_GATEWAY: &str = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";

fn answered(answer: Result<Value, ServiceError>) -> (ReplyKind, Outcome) {
    let outcome = match &answer {
        Ok(_) => Outcome::Ok,
        Err(error) if matches!(error.code.as_str(), "ThrottlingException" | "Throttling") => Outcome::Throttled,
        Err(error) => Outcome::Error(error.code.clone()),
    };
    (ReplyKind::Answer(answer), outcome)
}

/// Checks the shape of the input, then asks ECS.
fn carry_out(world: &mut World, operation: &str, input: &Value) -> Result<Value, ServiceError> {
    match shapes::conform(operation, input) {
        // ecs-semantics §0: awsJson 1.1 answers so for an operation that does not exist.
        None => Err(ServiceError::new("UnknownOperationException", format!("The operation {operation} is not known here."))),
        Some(input) => world.call(operation, input?),
    }
}

impl State {
    /// The world of this account and region, brought to the present.
    fn place(&mut self, settings: &Settings, account: &str, region: &str) -> &mut Place {
        let now = self.clock.now();
        let key = (account.to_owned(), region.to_owned());
        let (images, roles) = (&self.images, &self.forbidden_roles);
        let (targets, quotas) = (&self.targets, &self.quotas);
        let place = self.places.entry(key).or_insert_with(|| {
            let mut world = World::new(settings, account, region, now);
            for (pattern, behaviour) in images {
                world.images.set(pattern, behaviour.clone());
            }
            world.forbidden_roles.clone_from(roles);
            for (pattern, behaviour) in targets {
                world.elb.set_behaviour(pattern, *behaviour);
            }
            for (name, most) in quotas {
                world.elb.quotas.set(name, *most);
            }
            Place { world, buckets: Buckets::default() }
        });
        place.world.run_until(now);
        place
    }

    fn perform(&mut self, settings: &Settings, request: &Request, age: Option<Duration>) -> Result<Value, ServiceError> {
        let now = self.clock.now();
        if !["ecs", "acm", BALANCING].contains(&request.service.as_str()) {
            return neighbours::call(&mut self.neighbours, request, self.signatures.now().unwrap_or(now));
        }
        let place = self.place(settings, &request.account, &request.region);
        if request.service == "acm" {
            return neighbours::acm::call(&mut place.world.elb, &request.operation, &request.input);
        }
        if request.service == BALANCING {
            return place.perform_balancing(settings, request, age);
        }
        if settings.throttling && !place.buckets.take(&request.operation, now) {
            return Err(ServiceError::new("ThrottlingException", "Rate exceeded"));
        }
        place.world.session_policy = request.session.as_ref().map_or(Value::Null, |session| session.policy.clone());
        place.world.read_age = age.unwrap_or(settings.read_lag);
        let answer = carry_out(&mut place.world, &request.operation, &request.input);
        place.world.read_age = Duration::ZERO;
        place.world.session_policy = Value::Null;
        answer
    }

    fn log(&mut self, settings: &Settings, request: Request, (at, target, outcome): (Timestamp, String, Outcome)) {
        *self.counts.entry(request.operation.clone()).or_default() += 1;
        if self.calls.len() == LOGGED_CALLS {
            self.calls.pop_front();
        }
        let Request { account, region, service, operation, input, session: _, signature: _ } = request;
        let input = if settings.log_inputs { input } else { Value::Null };
        self.calls.push_back(Call { at, account, region, service, operation, target, outcome, input });
    }
}
