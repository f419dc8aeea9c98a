//! The program's command line: the operator, which runs where nothing else is said, and the subcommands beside it.

use crate::import::command::Import;
use crate::settings::Settings;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Program {
    /// Run the operator.
    Operate(Box<Settings>),
    /// Write what runs in AWS as objects.
    Import(Box<Import>),
}

/// Runs Amazon ECS from Kubernetes: reconciles the custom resources of ecs-operator.io into Amazon ECS. Without a subcommand
/// it runs the operator.
#[derive(Clone, Debug, Parser)]
#[command(name = "ecs-operator", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Line {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    instead: Option<Instead>,
}

#[derive(Clone, Debug, Subcommand)]
#[allow(clippy::doc_markdown, reason = "these comments are what `--help` shows")]
enum Instead {
    /// Writes what runs in AWS as YAML of this operator's kinds, to be reviewed and applied.
    ///
    /// Nothing is written to AWS or Kubernetes. Credentials and region are taken from where every AWS tool takes them, such as
    /// AWS_PROFILE and AWS_REGION. What the YAML cannot say is said on stderr and in a comment above the object. Values of
    /// environment variables are written as they are. Exits with 1 where something was not imported, which stderr explains.
    Import(Import),
}

impl Program {
    /// Reads flags and environment. Ends the process with a sentence when they make no sense, and after `--help`.
    pub fn read() -> Self {
        Self::of(std::env::args_os()).unwrap_or_else(|e| e.exit())
    }

    fn of(arguments: impl IntoIterator<Item = impl Into<std::ffi::OsString> + Clone>) -> Result<Self, clap::Error> {
        let matches = Line::command().try_get_matches_from(arguments)?;
        let line = Line::from_arg_matches(&matches)?;
        match line.instead {
            Some(Instead::Import(import)) => Ok(Self::Import(Box::new(import))),
            None => Ok(Self::Operate(Box::new(line.settings.checked()?))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &[&str]) -> Result<Program, String> {
        Program::of(["ecs-operator"].iter().chain(arguments)).map_err(|e| e.to_string())
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Line::command().debug_assert();
    }

    #[test]
    fn without_a_subcommand_the_operator_runs_with_all_its_flags() {
        let Ok(Program::Operate(settings)) = of(&["--watch-namespaces", "shop", "--leader-election", "false"]) else { panic!() };
        assert_eq!((settings.namespaces, settings.leader_election), (vec!["shop".to_owned()], false));
        assert!(of(&["--installation-id", "my cluster"]).unwrap_err().contains("--installation-id: use 1 to 128"));
    }

    #[test]
    fn import_takes_its_options_behind_what_is_imported() {
        let line = ["import", "service", "prod", "web*", "--namespace", "shop", "--management-policy", "Adopt"];
        let Ok(Program::Import(import)) = of(&line) else { panic!() };
        let options = import.options();
        assert_eq!((options.namespace.as_deref(), options.policy), (Some("shop"), crate::import::Policy::Adopt));
        assert!(options.with_task_definition && !options.with_target_groups);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (line, said) in [
            (&["import"][..], "Usage"),
            (&["import", "service", "prod"], "<NAME>"),
            (&["import", "moon"], "unrecognized subcommand 'moon'"),
            (&["import", "cluster", "prod", "--management-policy", "Full"], "possible values: Observe, Adopt"),
            (&["--log-format", "text", "import", "cluster", "prod"], "import"),
        ] {
            let refused = of(line).unwrap_err();
            assert!(refused.contains(said), "{line:?}: {refused}");
        }
    }

    #[test]
    fn help_names_both() {
        let help = of(&["--help"]).unwrap_err();
        assert!(help.contains("import") && help.contains("--watch-namespaces"), "{help}");
    }
}
