//! What the chart lets the operator do in Kubernetes, beside the line of code that does it: neither more nor less.

use crate::helm::{object, rendered, text};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A kind of right: the resources, what is done to them, and the file with the words that do it.
struct Right {
    group: &'static str,
    resources: Resources,
    name: Option<&'static str>,
    verbs: &'static [&'static str],
    file: &'static str,
    words: &'static str,
}

enum Resources {
    /// Every kind of ours, with this behind its name.
    Ours(&'static str),
    /// The kinds that are made for an `EcsService`.
    Children,
    /// This one.
    One(&'static str),
}

const CHILDREN: [&str; 3] = ["ecslistenerrules", "ecstargetgroups", "ecstaskdefinitions"];
const OURS: &str = "ecs-operator.io";
const LEASES: &str = "coordination.k8s.io";

const RIGHTS: &[Right] = &[
    right(OURS, Resources::Ours(""), &["list", "watch"], "engine/watch.rs", "watcher(api"),
    right(OURS, Resources::Ours(""), &["patch"], "engine/write.rs", "api.patch_metadata("),
    right(OURS, Resources::Ours("/status"), &["patch"], "engine/write.rs", "api.patch_status("),
    // Server-side apply of what is not there yet asks for both.
    right(OURS, Resources::Children, &["create", "patch"], "engine/write.rs", "api.patch("),
    right(OURS, Resources::Children, &["delete"], "engine/write.rs", "api.delete("),
    right(
        OURS,
        Resources::One("ecsservices/finalizers"),
        &["update"],
        "kinds/service/child.rs",
        "block_owner_deletion: Some(true)",
    ),
    right("events.k8s.io", Resources::One("events"), &["create"], "engine/write.rs", "api.create("),
    right(LEASES, Resources::One("leases"), &["create"], "engine/lease.rs", "self.api.create("),
    Right {
        name: Some("ecs-operator"),
        ..right(LEASES, Resources::One("leases"), &["get"], "engine/lease.rs", "self.api.get_opt(")
    },
    Right {
        name: Some("ecs-operator"),
        ..right(LEASES, Resources::One("leases"), &["update"], "engine/lease.rs", "self.api.replace(")
    },
    right("", Resources::One("namespaces"), &["list", "watch"], "engine/watch.rs", "watcher(api"),
    Right {
        name: Some("ecs-operator.io"),
        ..right(LEASES, Resources::One("leases"), &["get"], "engine/lease.rs", "self.api.get_opt(")
    },
    Right {
        name: Some("ecs-operator.io"),
        ..right(LEASES, Resources::One("leases"), &["update"], "engine/lease.rs", "self.api.replace(")
    },
    Right {
        name: Some("kube-system"),
        ..right("", Resources::One("namespaces"), &["get"], "startup.rs", "Api::<Namespace>::all(client.clone()).get(")
    },
];

const fn right(
    group: &'static str,
    resources: Resources,
    verbs: &'static [&'static str],
    file: &'static str,
    words: &'static str,
) -> Right {
    Right { group, resources, name: None, verbs, file, words }
}

/// Group, resource, name and verb.
pub type Permission = (String, String, Option<String>, String);

/// Plurals of all kinds.
fn kinds() -> Vec<String> {
    ecs_operator::api::crds().into_iter().map(|crd| crd.spec.names.plural).collect()
}

/// What the code needs.
pub fn needed() -> BTreeSet<Permission> {
    let mut all = BTreeSet::new();
    for right in RIGHTS {
        let resources: Vec<String> = match right.resources {
            Resources::Ours(behind) => kinds().into_iter().map(|kind| kind + behind).collect(),
            Resources::Children => CHILDREN.map(str::to_owned).to_vec(),
            Resources::One(one) => vec![one.to_owned()],
        };
        for resource in resources {
            let permission =
                |verb: &&str| (right.group.to_owned(), resource.clone(), right.name.map(str::to_owned), (*verb).to_owned());
            all.extend(right.verbs.iter().map(permission));
        }
    }
    all
}

/// What the rules of a role give.
fn given(role: &Value) -> BTreeSet<Permission> {
    let list = |value: &Value| -> Vec<String> { value.as_array().into_iter().flatten().map(|it| text(it).to_owned()).collect() };
    let mut all = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        let names: Vec<Option<String>> = match list(&rule["resourceNames"]) {
            none if none.is_empty() => vec![None],
            some => some.into_iter().map(Some).collect(),
        };
        for group in list(&rule["apiGroups"]) {
            for resource in list(&rule["resources"]) {
                for name in &names {
                    let verbs = list(&rule["verbs"]).into_iter();
                    all.extend(verbs.map(|verb| (group.clone(), resource.clone(), name.clone(), verb)));
                }
            }
        }
    }
    all
}

#[tokio::test]
async fn the_operator_may_do_what_its_code_does_and_nothing_else() {
    let objects = rendered("").await;
    let mut all = given(object(&objects, "ClusterRole", "ecs-operator"));
    all.extend(given(object(&objects, "Role", "ecs-operator-lease")));
    all.extend(given(object(&objects, "Role", "ecs-operator-claim")));
    assert_eq!(all, needed());
    assert!(all.iter().all(|(group, resource, _, verb)| ![group, resource, verb].contains(&&"*".to_owned())), "no wildcard");
    assert!(all.iter().all(|(_, resource, ..)| resource != "secrets"), "no Secret");
}

#[tokio::test]
async fn with_a_list_of_namespaces_nothing_reaches_beyond_them_but_connections_and_the_name_of_the_cluster() {
    let objects = rendered("watchNamespaces: [shop, pay]").await;
    let roles: Vec<&Value> =
        objects.iter().filter(|it| it["kind"] == "Role" && it["metadata"]["name"] == "ecs-operator").collect();
    let namespaces: BTreeSet<&str> = roles.iter().map(|it| text(&it["metadata"]["namespace"])).collect();
    assert_eq!(namespaces, BTreeSet::from(["pay", "shop"]));
    // What belongs to the whole cluster: the connections, the name of the cluster, and of namespaces those that are watched.
    let is_ours_of_the_cluster = |it: &Permission| it.1.starts_with("awsconnections");
    let beyond: BTreeSet<_> = needed().into_iter().filter(|it| it.1 == "namespaces" || is_ours_of_the_cluster(it)).collect();
    let lease: BTreeSet<_> = needed().into_iter().filter(|it| it.0 == LEASES).collect();
    for role in roles {
        let mut all = given(role);
        all.extend(beyond.clone());
        all.extend(lease.clone());
        assert_eq!(all, needed());
    }
    let by_name: BTreeSet<Permission> = beyond
        .into_iter()
        .flat_map(|(group, resource, name, verb)| match (resource.as_str(), &name) {
            ("namespaces", None) => {
                ["pay", "shop"].map(|it| (group.clone(), resource.clone(), Some(it.to_owned()), verb.clone())).to_vec()
            }
            _ => vec![(group, resource, name, verb)],
        })
        .collect();
    assert_eq!(given(object(&objects, "ClusterRole", "ecs-system-ecs-operator")), by_name);
    let claim = object(&objects, "Role", "ecs-system-ecs-operator-claim");
    let looks = (LEASES.to_owned(), "leases".to_owned(), Some("ecs-operator.io".to_owned()), "get".to_owned());
    assert_eq!((given(claim), &claim["metadata"]["namespace"]), (BTreeSet::from([looks]), &Value::from("kube-system")));
    let events = object(&objects, "Role", "ecs-system-ecs-operator-events");
    let tells = ("events.k8s.io".to_owned(), "events".to_owned(), None, "create".to_owned());
    assert_eq!((given(events), &events["metadata"]["namespace"]), (BTreeSet::from([tells]), &Value::from("default")));
    let with_a_name = rendered("watchNamespaces: [shop]\nsettings: {installationId: blue}\nrbac: {aggregate: false}").await;
    let left = given(object(&with_a_name, "ClusterRole", "ecs-system-ecs-operator"));
    assert!(left.iter().all(|it| it.2.as_deref() == Some("shop") || is_ours_of_the_cluster(it)), "{left:?}");
}

#[tokio::test]
async fn every_binding_is_of_a_role_that_is_there_to_the_account_of_the_pod() {
    for values in ["", "watchNamespaces: [shop]", "serviceAccount: {create: false, name: theirs}"] {
        let objects = rendered(values).await;
        let account = &object(&objects, "Deployment", "ecs-operator")["spec"]["template"]["spec"]["serviceAccountName"];
        for binding in objects.iter().filter(|it| text(&it["kind"]).ends_with("Binding")) {
            let role = &binding["roleRef"];
            let target = objects.iter().find(|it| {
                it["kind"] == role["kind"]
                    && it["metadata"]["name"] == role["name"]
                    && it["metadata"]["namespace"] == binding["metadata"]["namespace"]
            });
            assert!(target.is_some(), "`{values}`: {role}");
            assert_eq!(&binding["subjects"][0]["name"], account, "`{values}`");
            assert_eq!(binding["subjects"][0]["namespace"], "ecs-system", "`{values}`");
        }
    }
}

#[tokio::test]
async fn people_get_the_kinds_but_never_write_what_says_what_a_namespace_may_do() {
    let objects = rendered("").await;
    let permissions = |names: &BTreeSet<String>, verbs: &[&str]| -> BTreeSet<(String, String)> {
        names.iter().flat_map(|name| verbs.iter().map(|verb| (name.clone(), (*verb).to_owned()))).collect()
    };
    let readable: BTreeSet<String> = kinds().into_iter().collect();
    let mut writable = readable.clone();
    assert!(writable.remove("ecsnamespacepolicies") && writable.remove("awsconnections"));
    let scale = BTreeSet::from(["ecsservices/scale".to_owned()]);
    let mut edit = permissions(&writable, &["create", "update", "patch", "delete", "deletecollection"]);
    edit.extend(permissions(&scale, &["get", "update", "patch"]));
    for (role, expected, labels) in [("view", permissions(&readable, &["get", "list", "watch"]), 3), ("edit", edit, 2)] {
        let role = object(&objects, "ClusterRole", &format!("ecs-operator-{role}"));
        let given: BTreeSet<(String, String)> = given(role).into_iter().map(|(_, resource, _, verb)| (resource, verb)).collect();
        assert_eq!(given, expected);
        let aggregated = role["metadata"]["labels"].as_object().unwrap().keys().filter(|key| key.contains("/aggregate-to-"));
        assert_eq!(aggregated.count(), labels);
    }
}

#[test]
fn each_right_has_its_line_of_code() {
    for right in RIGHTS {
        let path = Path::new("src").join(right.file);
        let source = fs::read_to_string(&path).unwrap();
        assert!(code(&source).contains(right.words), "`{}` is no longer in {}", right.words, path.display());
    }
}

#[test]
fn each_line_of_code_has_its_right() {
    let listed: BTreeSet<(String, String)> = RIGHTS.iter().map(|it| (it.file.to_owned(), last_word(it.words))).collect();
    let mut found = BTreeSet::new();
    sources(Path::new("src"), &mut |path, source| {
        for line in code(source).lines() {
            found.extend(calls(line).map(|method| (path.to_owned(), method)));
        }
    });
    assert!(found.contains(&("engine/lease.rs".to_owned(), "replace".to_owned())), "the scan sees nothing: {found:?}");
    let unlisted: Vec<_> = found.difference(&listed).collect();
    assert!(unlisted.is_empty(), "calls of Kubernetes without a right in the table above: {unlisted:?}");
}

/// Names of the methods that a line calls on an `Api`: on something named `api`, or on one that is made on the spot.
fn calls(line: &str) -> impl Iterator<Item = String> {
    const METHODS: [&str; 12] = [
        "get",
        "get_opt",
        "get_metadata",
        "list",
        "list_metadata",
        "watch",
        "create",
        "replace",
        "patch",
        "patch_metadata",
        "patch_status",
        "delete",
    ];
    let line = line.split("//").next().unwrap_or_default();
    let made_here = line.contains("Api::<");
    let mut found: Vec<String> = METHODS
        .iter()
        .filter(|method| line.contains(&format!("api.{method}(")) || made_here && line.contains(&format!(").{method}(")))
        .map(|method| (*method).to_owned())
        .collect();
    found.extend(line.contains("watcher(api").then(|| "watcher".to_owned()));
    found.into_iter()
}

/// The method in words such as `self.api.get_opt(` or `watcher(api`.
fn last_word(words: &str) -> String {
    let end = words.strip_suffix("(api").or(words.strip_suffix('(')).unwrap_or(words);
    end.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default().to_owned()
}

/// A source without its tests.
fn code(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or_default()
}

fn sources(folder: &Path, look: &mut impl FnMut(&str, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, look);
        } else if path.extension().is_some_and(|it| it == "rs") && !name.starts_with("test") {
            let relative = path.strip_prefix("src").unwrap().to_str().unwrap().to_owned();
            look(&relative, &fs::read_to_string(&path).unwrap());
        }
    }
}
