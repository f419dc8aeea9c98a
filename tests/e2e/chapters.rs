//! The chapters, in order.

pub mod argocd;
mod leaving;
mod replicas;
mod rights;
mod samples;

use crate::images;
use crate::report::Report;
use crate::settings::Settings;
use crate::stage::Stage;
use anyhow::Result;

/// Tells them all.
pub async fn all(stage: &Stage, settings: &Settings, report: &mut Report) -> Result<()> {
    set(stage, settings, report).await?;
    report.essential("every sample becomes Ready under its namespace policy", samples::ready(stage)).await?;
    report
        .step("the leader is killed in a rollout: it ends, and nothing is done twice", replicas::killed_in_a_rollout(stage))
        .await;
    report.step("the leader is killed as a service is created: it is created once", replicas::killed_at_a_creation(stage)).await;
    report.step("one replica can be evicted at a time", replicas::evicted(stage)).await;
    report.step("a changed value rolls out, and AWS does not notice", replicas::upgraded(stage)).await;
    report.step("helm test", replicas::tested(stage)).await;
    report.step("the account may do what the operator does, and nothing else", rights::asked(stage)).await;
    report.step("what was done was allowed, by the audit log", rights::audited(stage, settings.audit_log.as_deref())).await;
    report.step("deleted samples are gone from AWS", leaving::deleted(stage)).await;
    report.step("an uninstall leaves definitions, objects and AWS; an install goes on", leaving::uninstalled(stage)).await;
    Ok(())
}

/// Images, AWS, operator: what every story begins with.
pub async fn set(stage: &Stage, settings: &Settings, report: &mut Report) -> Result<()> {
    report.essential("the images are made and loaded", images::load(settings)).await?;
    report.essential("the simulated AWS runs as a pod", stage.simulate()).await?;
    report.essential("the chart is installed with two replicas", stage.install()).await?;
    Ok(())
}
