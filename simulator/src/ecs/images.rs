//! How containers behave, by their image.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a container of an image does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "behaviour")]
pub enum ImageBehaviour {
    /// Starts, stays up, passes its health check.
    Healthy,
    /// Cannot be pulled.
    Missing,
    /// Exits at once with this code, before its task counts as running.
    Crash {
        /// Exit code of the container.
        #[serde(default = "one")]
        exit_code: i32,
    },
    /// Runs for a while, then exits with this code.
    Exits {
        /// Exit code of the container.
        exit_code: i32,
        /// Seconds from its start to its exit.
        after_seconds: u64,
    },
    /// Stays up and fails its container health check, if it has one, and those of load balancers, with status 503.
    Unhealthy,
    /// Stays up, passes its container health check, and refuses connections.
    Refuses,
    /// Stays up, passes its container health check, and answers no connection: a security group is closed, say.
    TimesOut,
    /// As `Healthy`, but takes this much longer to start.
    Slow {
        /// Extra seconds.
        by_seconds: u64,
    },
}

fn one() -> i32 {
    1
}

/// What images do in one world.
#[derive(Debug, Default)]
pub(crate) struct Images(Vec<(String, ImageBehaviour)>);

impl Images {
    pub(crate) fn set(&mut self, pattern: &str, behaviour: ImageBehaviour) {
        self.0.push((pattern.to_owned(), behaviour));
    }

    /// The latest setting that fits, or else what the name says.
    pub(crate) fn behaviour(&self, image: &str) -> ImageBehaviour {
        let set = self.0.iter().rev().find(|(pattern, _)| image.contains(pattern.as_str()));
        set.map_or_else(|| by_name(image), |(_, behaviour)| behaviour.clone())
    }
}

fn by_name(image: &str) -> ImageBehaviour {
    const NAMES: [(&str, ImageBehaviour); 6] = [
        ("missing", ImageBehaviour::Missing),
        ("crash", ImageBehaviour::Crash { exit_code: 1 }),
        ("unhealthy", ImageBehaviour::Unhealthy),
        ("refuses", ImageBehaviour::Refuses),
        ("timesout", ImageBehaviour::TimesOut),
        ("slow", ImageBehaviour::Slow { by_seconds: 60 }),
    ];
    let named = NAMES.into_iter().find(|(word, _)| image.contains(word));
    named.map_or(ImageBehaviour::Healthy, |(_, behaviour)| behaviour)
}

/// Extra time that the start of this image takes.
pub(crate) fn delay(behaviour: &ImageBehaviour) -> Duration {
    match behaviour {
        ImageBehaviour::Slow { by_seconds } => Duration::from_secs(*by_seconds),
        _ => Duration::ZERO,
    }
}
