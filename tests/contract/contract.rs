//! The suite on the simulator, and on the emulators against the committed table.

use crate::check::{Check, Seen};
use crate::checks;
use crate::emulator::{Emulator, Kind};
use crate::table;
use crate::target::{Aws, Places, config};
use aws_config::SdkConfig;
use futures::{StreamExt, stream};
use serde_json::json;

/// Checks that run at once; most of a check is waiting.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_follows_aws() {
    let config = config().await;
    let checks = checks::all();
    let seen: Vec<Seen> = each(&checks, AT_ONCE, async |id| Aws::simulated(id, &config).await).await;
    let differs: Vec<String> = checks
        .iter()
        .zip(seen)
        .filter_map(|(check, seen)| Some(format!("{}: {} ({}): {}", check.area, check.sentence, check.source, seen.err()?)))
        .collect();
    assert!(differs.is_empty(), "the simulator differs from AWS:\n{}", differs.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn emulators_differ_from_aws_where_the_table_says_so() {
    let config = config().await;
    let checks = checks::all();
    let (moto, ministack) = tokio::join!(emulated(Kind::Moto, &checks, &config), emulated(Kind::Ministack, &checks, &config));
    let seen = table::render(&checks, &moto, &ministack);
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        std::fs::write(table::FILE, &seen).unwrap();
    }
    let committed = std::fs::read_to_string(table::FILE).unwrap_or_default();
    let changes = table::changes(&committed, &seen);
    assert!(
        committed == seen,
        "docs/contract.md is not what is seen; if that is right run `UPDATE_CONTRACT=1 cargo test --test contract emulators`\n{changes}"
    );
}

async fn emulated(kind: Kind, checks: &[Check], config: &SdkConfig) -> Vec<Seen> {
    let emulator = Emulator::start(kind, None).await;
    let places = match kind {
        Kind::Moto => tokio::task::block_in_place(|| emulator.places()),
        Kind::Ministack => Places::default(),
    };
    let endpoint = emulator.endpoint();
    // A thread for each request, and dictionaries that another one changes meanwhile: moto then answers HTTP 500, now and then.
    let at_once = if kind == Kind::Moto { 1 } else { AT_ONCE };
    each(checks, at_once, async |id| Aws::emulated(id, &endpoint, config, places.clone())).await
}

/// Runs every check with a cluster of its own; in what was seen the name of the cluster is left out.
async fn each(checks: &[Check], at_once: usize, aws: impl AsyncFn(&str) -> Aws) -> Vec<Seen> {
    let aws = &aws;
    let runs = checks.iter().enumerate().map(|(number, check)| async move {
        let aws = aws(&format!("c{number:03}")).await;
        let id = aws.id.clone();
        aws.call("CreateCluster", json!({"clusterName": id})).await.map_err(|refusal| format!("CreateCluster: {refusal}"))?;
        (check.run)(aws).await.map_err(|otherwise| otherwise.replace(&id, "web"))
    });
    stream::iter(runs).buffered(at_once).collect().await
}
