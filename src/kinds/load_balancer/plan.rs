//! What to do about a load balancer. Pure.

use super::desired::{Absent, Present};
use super::difference::{self, Change, immutable};
use super::observed::{Observed, State, divided};
use super::{Desired, Step, listener_difference};
use crate::api::load_balancing::DELETION_PROTECTION;
use crate::api::shared::ManagementPolicy;
use crate::aws::elb::model::Attributes;
use crate::aws::elb::{LoadBalancerKey, LoadBalancerView};
use crate::domain::owner::{self, Owner, Ownership};
use crate::engine::{Plan, Stop};

/// What to do.
pub fn plan(want: &Desired, seen: &Observed) -> Plan<Step> {
    match want {
        Desired::Present(want) => present(want, seen),
        Desired::Absent(want) => absent(want, seen),
    }
}

fn present(want: &Present, seen: &Observed) -> Plan<Step> {
    if want.management == ManagementPolicy::Observe {
        return observe(want, seen);
    }
    match unpaused(want, seen) {
        Plan::Do(_) | Plan::Finish(_) if want.paused => Plan::Wait("paused by annotation: a change waits".to_owned()),
        plan => plan,
    }
}

/// How it is looked for, for people.
fn named(key: &LoadBalancerKey) -> String {
    match key {
        LoadBalancerKey::Arn(arn) => arn.clone(),
        LoadBalancerKey::Name(name) => format!("named {name}"),
        LoadBalancerKey::Tags(tags) => {
            let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("with the tags {}", tags.join(", "))
        }
    }
}

fn several(want: &Present, arns: &[String]) -> Plan<Step> {
    let message = format!("{} load balancers {}: {}; name more tags, or the ARN", arns.len(), named(&want.key), arns.join(", "));
    Plan::Refuse(Stop::waiting("LoadBalancerAmbiguous", message))
}

fn not_found(want: &Present, verb: &str) -> Plan<Step> {
    Plan::Refuse(Stop::waiting("NotFound", format!("there is no load balancer {} to {verb}", named(&want.key))))
}

fn unread(seen: &Observed) -> Plan<Step> {
    match &seen.trouble {
        Some(trouble) => Plan::Refuse(Stop::Aws(trouble.clone())),
        None => Plan::Wait("the first look at AWS".to_owned()),
    }
}

fn observe(want: &Present, seen: &Observed) -> Plan<Step> {
    match &seen.state {
        State::There(_) => Plan::InSync,
        State::Unknown => unread(seen),
        State::Several(arns) => several(want, arns),
        State::Missing { .. } => not_found(want, "observe"),
    }
}

/// Whether nothing was ever sent for it, and nobody else can have one of its name: it is made without a look.
pub fn is_new(want: &Present, seen: &Observed) -> bool {
    let is_known = seen.memory.load_balancer_arn.is_some() || seen.memory.account.is_some();
    !is_known && !want.is_named && want.management == ManagementPolicy::Full
}

/// A pause holds back writes and nothing else: what agrees with its declaration is as ready as without.
fn unpaused(want: &Present, seen: &Observed) -> Plan<Step> {
    let was_there = seen.memory.load_balancer_arn.is_some();
    match &seen.state {
        State::Unknown if is_new(want, seen) => Plan::Do(vec![Step::Create]),
        State::Unknown => unread(seen),
        State::Several(arns) => several(want, arns),
        State::Missing { times: 1 } if was_there => {
            Plan::Wait("AWS does not show the load balancer; it is looked for once more before it is made again".to_owned())
        }
        State::Missing { .. } if want.management == ManagementPolicy::Adopt && !was_there => not_found(want, "adopt"),
        State::Missing { .. } => Plan::Do(vec![Step::Create]),
        State::There(view) => there(want, seen, view),
    }
}

fn there(want: &Present, seen: &Observed, view: &LoadBalancerView) -> Plan<Step> {
    match want.owner.judge(&view.tags, want.inherits.as_deref()) {
        Ownership::Other(who) => return Plan::Refuse(conflict(view, &format!("it belongs to {who}"))),
        Ownership::Nobody if want.management == ManagementPolicy::Adopt => return adopt(want, seen, view),
        Ownership::Nobody => return Plan::Refuse(conflict(view, "nobody's tags stand on it")),
        Ownership::Ours => {}
    }
    if let Some(stop) = immutable(want, &view.load_balancer) {
        return Plan::Refuse(stop);
    }
    let differing = Differences::of(want, seen, view);
    let steps = differing.steps(want, seen, view);
    if !steps.is_empty() {
        return Plan::Do(steps);
    }
    match differing.hindrances.into_iter().next() {
        Some(stop) => Plan::Refuse(stop),
        None => unseen(want, seen, view),
    }
}

/// An edit of attributes is in force only once it is seen to be.
fn unseen(want: &Present, seen: &Observed, view: &LoadBalancerView) -> Plan<Step> {
    let is_unseen = view.attributes.is_none() && !want.attributes.is_empty();
    match seen.trouble.as_ref().or(seen.trouble_beside.as_ref()) {
        _ if !is_unseen || seen.is_in_force(want) => Plan::InSync,
        Some(trouble) => Plan::Refuse(Stop::Aws(trouble.clone())),
        None => Plan::Wait("its attributes are being read".to_owned()),
    }
}

fn conflict(view: &LoadBalancerView, why: &str) -> Stop {
    Stop::waiting(
        "Conflict",
        format!(
            "a load balancer named {} exists and {why}; it is left alone. Set managementPolicy: Adopt to take it over, or choose another name",
            view.load_balancer.name
        ),
    )
}

/// Nothing is written but our tags, and that only when nothing differs. The load balancer's come last: until then it is
/// nobody's, and whatever is missing is done again.
fn adopt(want: &Present, seen: &Observed, view: &LoadBalancerView) -> Plan<Step> {
    if let Some(stop) = immutable(want, &view.load_balancer) {
        return Plan::Refuse(stop);
    }
    let differing = Differences::of(want, seen, view);
    let fields: Vec<String> = differing.to_adopt().flat_map(|change| &change.drift).map(|drift| drift.field.clone()).collect();
    if !fields.is_empty() && !want.overwrite {
        return Plan::Refuse(Stop::waiting(
            "AdoptionWouldChange",
            format!(
                "taking over the load balancer would change {} (see status.drift); make the declaration agree, or set adoption: Overwrite",
                fields.join(", ")
            ),
        ));
    }
    let mut tags = want.tags.clone();
    tags.extend(want.owner.tags());
    let declared = want.listeners.iter().flatten().map(|it| it.port);
    let live = |port| view.listeners.iter().find(|it| it.listener.port == Some(port));
    let listeners = declared.filter_map(|port| Some((port, live(port).filter(|it| is_nobodys(&want.owner, &it.tags))?)));
    let mut steps: Vec<Step> =
        listeners.map(|(port, it)| Step::Tag { arn: it.listener.arn.clone(), port: Some(port), tags: tags.clone() }).collect();
    steps.push(Step::Tag { arn: view.load_balancer.arn.clone(), port: None, tags });
    Plan::Do(steps)
}

fn is_nobodys(owner: &Owner, tags: &crate::aws::elb::model::Tags) -> bool {
    owner.judge(tags, None) == Ownership::Nobody
}

/// Everything that differs between declaration and load balancer.
pub struct Differences {
    own: Vec<Change>,
    listeners: listener_difference::Changes,
    /// Why some listeners cannot be as declared yet.
    pub hindrances: Vec<Stop>,
}

impl Differences {
    /// Everything that differs. While it is nobody's and to be adopted, so are its listeners.
    pub fn of(want: &Present, seen: &Observed, view: &LoadBalancerView) -> Self {
        let is_adopting = want.management != ManagementPolicy::Full && is_nobodys(&want.owner, &view.tags);
        let mut listeners = listener_difference::changes(want, seen, view, |listener| {
            match want.owner.judge(&listener.tags, want.inherits.as_deref()) {
                Ownership::Ours => true,
                Ownership::Nobody => {
                    is_adopting && want.listeners.iter().flatten().any(|it| Some(it.port) == listener.listener.port)
                }
                Ownership::Other(_) => false,
            }
        });
        let mut hindrances = std::mem::take(&mut listeners.hindrances);
        listeners.deleted.retain(|change| match held_by_rules(want, seen, view, &change.step) {
            Some(stop) => {
                hindrances.push(stop);
                false
            }
            None => true,
        });
        Self { own: difference::changes(want, seen, view), listeners, hindrances }
    }

    /// All of them: those of the load balancer, then new listeners, then changed ones, then those that go.
    pub fn all(&self) -> impl Iterator<Item = &Change> {
        self.own.iter().chain(&self.listeners.created).chain(&self.listeners.changed).chain(&self.listeners.deleted)
    }

    /// Those that would be felt. What cannot be seen is no difference before it was sent once.
    pub fn to_adopt(&self) -> impl Iterator<Item = &Change> {
        let is_felt = |step: &Step| !matches!(step, Step::Tag { .. } | Step::Untag { .. } | Step::SetListenerAttributes { .. });
        self.all().filter(move |change| is_felt(&change.step))
    }

    /// What is to be done now. A listener that takes the place of another is there before the other goes, unless there is no
    /// room for both.
    fn steps(&self, want: &Present, seen: &Observed, view: &LoadBalancerView) -> Vec<Step> {
        let reported = want.only_report && seen.is_in_force(want);
        let is_due = |change: &&Change| !reported || change.is_due_anyway;
        let take = |changes: &[Change]| changes.iter().filter(is_due).map(|change| change.step.clone()).collect::<Vec<_>>();
        let created = take(&self.listeners.created);
        let mut deleted = take(&self.listeners.deleted);
        let room = seen.limit("listeners", &view.load_balancer.kind).map(|limit| usize::try_from(limit).unwrap_or_default());
        let is_full = room.is_some_and(|room| view.listeners.len() >= room);
        if !created.is_empty() && !is_full {
            deleted.clear();
        }
        let mut steps = take(&self.own);
        let (first, last) = if is_full { (deleted, created) } else { (created, deleted) };
        steps.extend(first);
        steps.extend(take(&self.listeners.changed));
        steps.extend(last);
        steps
    }
}

/// What keeps a listener from being deleted: rules of others, which would go with it.
fn held_by_rules(want: &Present, seen: &Observed, view: &LoadBalancerView, step: &Step) -> Option<Stop> {
    let Step::DeleteListener { port, arn } = step else { return None };
    if view.load_balancer.kind == "application" && !seen.rules.contains_key(arn) {
        let message = format!("the listener on port {port} goes once the rules on it are read: others' would be deleted with it");
        return Some(Stop::waiting("ReadingRules", message));
    }
    let foreign = foreign_rules(seen, &want.owner, Some(arn));
    (!foreign.is_empty()).then(|| {
        let message = format!(
            "the listener on port {port} has rules of others, which would be deleted with it: {}; have them removed first",
            foreign.join(", ")
        );
        Stop::waiting("ForeignRules", message)
    })
}

/// Rules of others on our listeners, or on one of them: all that no `EcsListenerRule` of this installation made.
pub fn foreign_rules(seen: &Observed, owner: &Owner, listener: Option<&String>) -> Vec<String> {
    let on_it = seen.rules.iter().filter(|(arn, _)| listener.is_none_or(|listener| *arn == listener));
    let foreign = on_it.flat_map(|(_, rules)| rules).filter(|(_, tags)| !owner::is_of_installation(tags, &owner.installation));
    foreign.map(|(rule, _)| rule.arn.clone()).collect()
}

fn absent(want: &Absent, seen: &Observed) -> Plan<Step> {
    // Account and region stand in status before the first write: without them nothing was ever sent.
    let never_sent = seen.memory.account.is_none() && seen.memory.load_balancer_arn.is_none();
    if want.only_observed {
        return Plan::Gone;
    }
    match &seen.state {
        State::Unknown if never_sent => Plan::Gone,
        State::Unknown => unread(seen),
        State::Missing { times: 1 } => Plan::Wait("AWS does not show the load balancer; it is looked for once more".to_owned()),
        State::Missing { .. } | State::Several(_) => Plan::Gone,
        State::There(view) if want.owner.judge(&view.tags, want.inherits.as_deref()) != Ownership::Ours => Plan::Gone,
        State::There(_) if want.paused => Plan::Wait("paused by annotation: the deletion waits".to_owned()),
        State::There(view) if want.keep => Plan::Finish(release(want, view)),
        State::There(_) if !want.users.is_empty() => Plan::Wait(format!("still named by {}", want.users.join(", "))),
        State::There(view) => match hold(want, seen, view) {
            Some(plan) => plan,
            None => Plan::Finish(delete(want, view)),
        },
    }
}

/// What keeps the load balancer from being deleted: what would go with it, or AWS's protection.
fn hold(want: &Absent, seen: &Observed, view: &LoadBalancerView) -> Option<Plan<Step>> {
    let (_, foreign) = divided(view, &want.owner, want.inherits.as_deref());
    let mut foreign: Vec<String> = foreign.iter().map(|it| it.listener.arn.clone()).collect();
    foreign.extend(foreign_rules(seen, &want.owner, None));
    let is_application = view.load_balancer.kind == "application";
    let is_unread = is_application && view.listeners.iter().any(|it| !seen.rules.contains_key(&it.listener.arn));
    if !want.with_foreign && !foreign.is_empty() {
        let message = format!(
            "others have rules or listeners on it, which would be deleted with it: {}; have them removed, or set deletionPolicy: Delete (they go too) or Retain (it stays)",
            foreign.join(", ")
        );
        return Some(Plan::Refuse(Stop::waiting("ForeignRules", message)));
    }
    if let (Some(trouble), true) = (&seen.trouble_beside, !want.with_foreign && is_unread) {
        return Some(Plan::Refuse(Stop::Aws(trouble.clone())));
    }
    if !want.with_foreign && is_unread {
        return Some(Plan::Wait("the rules on its listeners are being read: others' would be deleted with it".to_owned()));
    }
    let is_protected = attribute(view, DELETION_PROTECTION) == Some("true");
    (is_protected && !want.is_protected_by_us).then(|| {
        Plan::Refuse(Stop::waiting(
            "DeletionProtected",
            "somebody else turned on deletion protection, so AWS refuses to delete it; turn it off in AWS, or set deletionPolicy: Retain",
        ))
    })
}

fn attribute<'a>(view: &'a LoadBalancerView, key: &str) -> Option<&'a str> {
    view.attributes.as_ref()?.get(key).map(String::as_str)
}

/// One call takes the listeners along. Protection that was declared is taken off first.
fn delete(want: &Absent, view: &LoadBalancerView) -> Vec<Step> {
    let arn = view.load_balancer.arn.clone();
    let mut steps = Vec::new();
    if want.is_protected_by_us && attribute(view, DELETION_PROTECTION) != Some("false") {
        let off = Attributes::from([(DELETION_PROTECTION.to_owned(), "false".to_owned())]);
        steps.push(Step::SetAttributes { arn: arn.clone(), set: off });
    }
    steps.push(Step::Delete { arn });
    steps
}

/// It stays, and so do its listeners, without our tags.
fn release(want: &Absent, view: &LoadBalancerView) -> Vec<Step> {
    let keys: Vec<String> = want.owner.tags().into_keys().collect();
    let (ours, _) = divided(view, &want.owner, want.inherits.as_deref());
    let untag = |arn: &String| Step::Untag { arn: arn.clone(), port: None, keys: keys.clone() };
    let mut steps: Vec<Step> = ours.iter().map(|it| untag(&it.listener.arn)).collect();
    // Last: until then it is found again by them.
    steps.push(untag(&view.load_balancer.arn));
    steps
}
