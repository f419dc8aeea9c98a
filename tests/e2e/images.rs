//! The images of operator and simulator: made of what cargo built, and brought to where the nodes find them.

use crate::cluster::run;
use crate::report::Done;
use crate::settings::{Profile, Settings};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Names of the two images.
pub const OPERATOR: &str = "ecs-operator";
pub const SIMULATOR: &str = "ecs-simulator";
pub const TAG: &str = "e2e";

/// Makes both and loads them.
pub async fn load(settings: &Settings) -> Result<Done> {
    let Some(load) = &settings.load else {
        return Ok(Done::NotRun("E2E_LOAD names no command that loads one, so they have to be there".to_owned()));
    };
    let folder = built(settings.profile)?;
    for (image, program) in [(OPERATOR, "ecs-operator"), (SIMULATOR, "simulator")] {
        let name = format!("{}{image}:{TAG}", settings.registry);
        let archive = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{image}.tar"));
        let mut make = Command::new("python3");
        make.arg("deploy/image/image.py").arg("--program").arg(folder.join(program)).args(["--name", &name]);
        run(make.args(["--entrypoint", &format!("/usr/local/bin/{program}"), "--output"]).arg(&archive), "").await?;
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{load} \"$0\"")]).arg(&archive).env("E2E_IMAGE", &name);
        run(&mut shell, "").await.context("load an image with E2E_LOAD")?;
        std::fs::remove_file(&archive)?;
    }
    Ok(Done::Passed)
}

/// Where cargo put the programs. It does not run from here: this program's environment is not its own, and it would build all anew.
fn built(profile: Profile) -> Result<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().context("find the build folder")?;
    Ok(target.join(if profile == Profile::Release { "release" } else { "debug" }))
}
