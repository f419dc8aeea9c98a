//! Walks: people, chance and AWS do one thing after another; then everything is healed, and all must be as declared.

use crate::chance::Chance;
use crate::invariants;
use crate::kubernetes::Fault as KubeFault;
use crate::world::{World, is_ready, web};
use futures::FutureExt;
use serde_json::{Value, json};
use simulator::{Fault, FaultKind, Settings};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// Things that happen in one walk.
const STEPS: usize = 30;
/// Services of a walk.
const NAMES: [&str; 3] = ["api", "jobs", "web"];
/// Longest time until all is as declared once nothing is in the way: pauses after failures grow to ten minutes.
const PATIENCE: Duration = Duration::from_mins(40);

/// A service as it is declared.
#[derive(Clone, Debug)]
pub struct Declared {
    pub image: String,
    pub count: u64,
    pub may_be_entered: bool,
    pub restarted: u64,
    /// How many rollouts have been wished for, since the service was there.
    pub rollouts: usize,
}

impl Declared {
    fn manifest(&self, name: &str) -> Value {
        let mut manifest = web(name, &self.image, self.count);
        manifest["spec"]["enableExecuteCommand"] = json!(self.may_be_entered);
        if self.restarted > 0 {
            manifest["metadata"]["annotations"]["ecs-operator.io/restarted-at"] = json!(self.restarted.to_string());
        }
        manifest
    }
}

pub struct Walk {
    pub world: World,
    pub declared: BTreeMap<&'static str, Declared>,
    pub steps: usize,
    chance: Chance,
    /// What happened, for who reads a failure.
    pub diary: Vec<String>,
    images: u64,
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_all_is_as_declared_in_the_end() {
    walk(0).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_else_happens_all_is_as_declared_in_the_end() {
    walk(1).await;
}

/// Walks with every other seed: two tests, so that two processors have work.
async fn walk(parity: u64) {
    let seeds = std::env::var("SEEDS").map_or(0..12, |text| {
        let (from, to) = text.split_once("..").expect("SEEDS is a range, such as 0..100");
        from.parse().unwrap()..to.parse().unwrap()
    });
    let mut failed = Vec::new();
    for seed in seeds.filter(|seed| *seed % 2 == parity) {
        let mut walk = Walk::new(seed);
        if AssertUnwindSafe(walk.play()).catch_unwind().await.is_err() {
            failed.push(format!("seed {seed}, and what happened:\n  {}", walk.diary.join("\n  ")));
        }
    }
    assert!(failed.is_empty(), "these walks failed, see above; SEEDS=<n>..<n+1> repeats one:\n{}", failed.join("\n"));
}

impl Walk {
    fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let reuses = chance.one_of(&[true, false]);
        let world = World::new(Settings { seed, throttling: true, rollback_reuses_deployment: reuses, ..Settings::default() });
        invariants::foreign(&world);
        Self { world, declared: BTreeMap::new(), steps: 0, chance, diary: Vec::new(), images: 0 }
    }

    async fn play(&mut self) {
        for _ in 0..STEPS {
            self.steps += 1;
            let what = self.step();
            self.diary.push(format!("{} {what}", self.world.aws.now()));
            let pause = self.chance.one_of(&[0, 1, 1, 4, 15, 60, 240]);
            self.world.pass(Duration::from_secs(pause)).await;
        }
        self.heal().await;
        invariants::converged(self);
        invariants::truthful(&self.world);
        invariants::no_storm(self);
        invariants::quiet(&mut self.world).await;
        for name in std::mem::take(&mut self.declared).into_keys() {
            self.world.kubernetes.delete("ecsservices", name);
        }
        self.diary.push(format!("{} everything is deleted", self.world.aws.now()));
        let is_empty = |world: &World| {
            world.kubernetes.all("ecsservices").is_empty() && world.kubernetes.all("ecstaskdefinitions").is_empty()
        };
        let is_gone = self.world.until(PATIENCE, is_empty).await;
        assert!(is_gone, "still there: {:?}", self.world.kubernetes.all("ecsservices"));
        invariants::nothing_left(&self.world, &NAMES);
    }

    /// Faults end, what failed is put right by an edit, and time passes.
    async fn heal(&mut self) {
        self.diary.push(format!("{} everything is healed", self.world.aws.now()));
        self.world.aws.clear_faults();
        self.world.kubernetes.heal();
        let names: Vec<&'static str> = self.declared.keys().copied().collect();
        for name in names {
            if self.declared[name].image.starts_with("crash") {
                self.roll_out(name, "nginx");
            }
        }
        let names: Vec<&'static str> = self.declared.keys().copied().collect();
        let is_settled = move |world: &World| {
            let there = world.kubernetes.all("ecsservices");
            there.len() == names.len() && there.iter().all(is_ready)
        };
        // What somebody did by hand is read within a minute.
        self.world.pass(Duration::from_mins(3)).await;
        let is_well = self.world.until(PATIENCE, &is_settled).await;
        self.world.pass(Duration::from_mins(3)).await;
        let is_well = is_well && self.world.until(PATIENCE, &is_settled).await;
        assert!(
            is_well,
            "it is not as declared after {PATIENCE:?}: {}",
            json!([self.world.kubernetes.all("ecsservices"), self.world.kubernetes.all("ecstaskdefinitions")])
        );
    }

    fn step(&mut self) -> String {
        let name = self.chance.one_of(&NAMES);
        match (self.chance.number(0..16), self.declared.contains_key(name)) {
            (10, _) => self.end_life(),
            (11 | 12, _) => self.fail_aws(),
            (13, _) => self.fail_kubernetes(),
            (_, false) => self.create(name),
            (0..=2, _) => self.roll_out(name, "nginx"),
            (3, _) => self.roll_out(name, "crash"),
            (4 | 5, _) => self.scale(name),
            (6, _) => {
                let declared = self.declared.get_mut(name).unwrap();
                declared.may_be_entered = !declared.may_be_entered;
                self.apply(name, "may be entered, or no more")
            }
            (7 | 8, _) => {
                let declared = self.declared.get_mut(name).unwrap();
                declared.restarted += 1;
                declared.rollouts += 1;
                self.apply(name, "is to be restarted")
            }
            (9, _) => self.delete(name),
            (14, _) => self.scale_by_hand(name),
            _ => self.deregister_by_hand(name),
        }
    }

    fn create(&mut self, name: &'static str) -> String {
        if self.world.kubernetes.get("ecsservices", name).is_some() {
            return format!("{name} is still being deleted");
        }
        self.images += 1;
        let count = self.chance.number(0..4);
        let image = format!("nginx:{}", self.images);
        let declared = Declared { image, count, may_be_entered: false, restarted: 0, rollouts: 1 };
        self.declared.insert(name, declared);
        self.apply(name, "is created")
    }

    fn roll_out(&mut self, name: &'static str, image: &str) -> String {
        self.images += 1;
        let declared = self.declared.get_mut(name).unwrap();
        declared.image = format!("{image}:{}", self.images);
        declared.rollouts += 1;
        self.apply(name, "gets an image")
    }

    fn scale(&mut self, name: &'static str) -> String {
        let count = self.chance.number(0..4);
        self.declared.get_mut(name).unwrap().count = count;
        self.apply(name, "is scaled")
    }

    fn apply(&mut self, name: &'static str, what: &str) -> String {
        let declared = &self.declared[name];
        self.world.kubernetes.apply("ecsservices", name, &declared.manifest(name));
        format!("{name} {what}: {declared:?}")
    }

    fn delete(&mut self, name: &'static str) -> String {
        self.declared.remove(name);
        self.world.kubernetes.delete("ecsservices", name);
        format!("{name} is deleted")
    }

    fn end_life(&mut self) -> String {
        let number = self.chance.number(1..12);
        self.world.life.end_at(i64::try_from(number).unwrap());
        format!("the operator dies at call {number} from now")
    }

    fn fail_aws(&mut self) -> String {
        let end = self.world.aws.now() + Duration::from_secs(self.chance.number(1..90));
        let write = self.chance.one_of(&["CreateService", "UpdateService", "RegisterTaskDefinition", "DeleteService", "*"]);
        let fault = match self.chance.number(0..7) {
            0 | 1 => Fault::new(write, FaultKind::LostReply).times(1),
            2 => Fault::error("*", "ThrottlingException", "Rate exceeded").until(end),
            3 => Fault::new("*", FaultKind::Html502).until(end),
            4 => Fault::new("DescribeServices", FaultKind::StaleRead { age: Duration::from_secs(4) }).until(end),
            5 => Fault::new(write, FaultKind::Hang).times(1),
            _ => Fault::new("*", FaultKind::Delay { by: Duration::from_secs(3) }).until(end),
        };
        self.world.aws.inject(fault.clone());
        format!("AWS: {fault:?}")
    }

    fn fail_kubernetes(&mut self) -> String {
        let fault = self.chance.one_of(&[KubeFault::Refused, KubeFault::ReplyLost]);
        match self.chance.number(0..3) {
            0 => self.world.kubernetes.break_watches(),
            1 => {
                let lag = Duration::from_millis(self.chance.number(0..5000));
                self.world.kubernetes.with(|state| state.lag = lag);
                return format!("Kubernetes tells of news after {lag:?}");
            }
            _ => {
                self.world.kubernetes.fail_next(&[fault]);
                return format!("Kubernetes: {fault:?}");
            }
        }
        "Kubernetes breaks the watches".to_owned()
    }

    /// Somebody else changes the count in AWS.
    fn scale_by_hand(&mut self, name: &'static str) -> String {
        let input = json!({"cluster": crate::world::CLUSTER, "service": name, "desiredCount": self.chance.number(0..4)});
        let done = self.world.aws.call("UpdateService", input);
        format!("somebody scales {name}: {}", done.is_ok())
    }

    /// Somebody else deregisters what the service runs. That it is registered anew, if ever, is one more rollout.
    fn deregister_by_hand(&mut self, name: &'static str) -> String {
        self.declared.get_mut(name).unwrap().rollouts += 1;
        let arn = self.world.live(name)["taskDefinition"].clone();
        let done = self.world.aws.call("DeregisterTaskDefinition", json!({"taskDefinition": arn}));
        format!("somebody deregisters {arn}: {}", done.is_ok())
    }
}
