//! What can be written on the command line.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use super::evaluators::EvaluatorsCommand;
use super::import::{FORMATS, ImportArgs};
use super::journal::JournalCommand;
use super::serve::ServeArgs;
use super::sync::SyncArgs;
use crate::domain::Shard;

const AFTER_HELP: &str = "\
Connects to what --profile names; else to LANGFUSE_BASE_URL with LANGFUSE_PUBLIC_KEY and \
LANGFUSE_SECRET_KEY; else to the default profile; else to a workspace on this machine with sample data.

Exit codes: 0 done, 1 failed, 2 usage, 3 authentication, 4 not found, 5 unreachable or rate-limited, \
6 partly done.";

/// Review LLM traces on Langfuse from the keyboard.
#[derive(Debug, Parser)]
#[command(name = "tracemark", version, about, after_help = AFTER_HELP, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) shared: Shared,
    #[command(flatten)]
    pub(super) review: ReviewArgs,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Flags of every command that talks to a server.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Shared {
    /// Stored connection to use; `embedded` is the workspace on this machine.
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Allow http:// to other machines, where anyone on the way can read the keys.
    #[arg(long, global = true)]
    pub(super) insecure_http: bool,
}

/// How to start reviewing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(super) struct ReviewArgs {
    /// Queue to open.
    #[arg(long, value_name = "NAME|ID")]
    pub(super) queue: Option<String>,
    /// Item of that queue to open.
    #[arg(long, value_name = "ID", requires = "queue")]
    pub(super) item: Option<String>,
    /// Name kept with your scores.
    #[arg(long, value_name = "NAME")]
    pub(super) annotator: Option<String>,
    /// Only items of part K of N, so that N people working at once never meet.
    #[arg(long, value_name = "K/N")]
    pub(super) shard: Option<Shard>,
    /// Draw with ASCII characters only.
    #[arg(long)]
    pub(super) ascii: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Open the terminal UI; the same as no command.
    Review(ReviewArgs),
    /// Connect to a Langfuse project and remember how.
    Login(LoginArgs),
    /// Forget a stored connection.
    Logout {
        /// Profile to forget; the default one if not given.
        name: Option<String>,
    },
    /// List the stored connections.
    Profiles {
        /// Make this one the default.
        #[arg(long, value_name = "NAME")]
        default: Option<String>,
    },
    /// Check settings, connection and terminal.
    Doctor,
    /// Read the journal of all decisions; undo and redo them.
    Journal {
        /// What to do.
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// Send what was decided and not sent yet, without the terminal UI.
    Sync(SyncArgs),
    /// Fetch a whole queue, to review it without a network.
    Pull(PullArgs),
    /// Score traces with models and programs.
    Evaluators {
        /// What to do.
        #[command(subcommand)]
        command: EvaluatorsCommand,
    },
    /// What was kept of the server's answers.
    Cache {
        /// What to do.
        #[command(subcommand)]
        command: CacheCommand,
    },
    /// Fill the workspace on this machine with traces from files.
    #[command(after_long_help = FORMATS)]
    Import(ImportArgs),
    /// Serve the workspace on this machine as a Langfuse API.
    Serve(ServeArgs),
    /// Fill the workspace on this machine with the sample project.
    Sample(SampleArgs),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man,
    /// Print the table of keys.
    #[command(hide = true)]
    Keys,
}

/// What to fetch.
#[derive(Debug, Args)]
pub(super) struct PullArgs {
    /// The queue.
    #[arg(long, value_name = "NAME|ID")]
    pub(super) queue: String,
    /// Items that are completed, too.
    #[arg(long)]
    pub(super) all: bool,
    /// Fetch again what is there already; otherwise that is left alone for 12 hours.
    #[arg(long)]
    pub(super) again: bool,
}

/// The commands on the cache.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum CacheCommand {
    /// Wipe it from the disk; decisions and drafts stay.
    Clear,
}

/// A connection to be stored. What is not given is asked for.
#[derive(Debug, Args)]
pub(super) struct LoginArgs {
    /// Address of the server.
    #[arg(long)]
    pub(super) url: Option<String>,
    /// Public key of the project.
    #[arg(long, value_name = "KEY")]
    pub(super) public_key: Option<String>,
    /// Read the secret key from stdin.
    #[arg(long)]
    pub(super) secret_key_stdin: bool,
    /// Name of the profile; the server's host if not given.
    #[arg(long)]
    pub(super) name: Option<String>,
    /// Name kept with your scores there.
    #[arg(long, value_name = "NAME")]
    pub(super) annotator: Option<String>,
}

/// What to do with the sample.
#[derive(Debug, Args)]
pub(super) struct SampleArgs {
    /// Throw the workspace's data away and start again with the sample project.
    #[arg(long, required = true)]
    pub(super) reset: bool,
    /// Do not ask.
    #[arg(long, short)]
    pub(super) yes: bool,
}

impl Cli {
    /// Reads the command line.
    pub(super) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let cli = Self::try_parse_from(arguments)?;
        if cli.command.is_some() && cli.review != ReviewArgs::default() {
            let message =
                "--queue, --item, --annotator, --shard and --ascii go behind `review`, or without a command";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, message));
        }
        Ok(cli)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, ErrorKind> {
        Cli::read(line.split(' ').map(OsString::from)).map_err(|error| error.kind())
    }

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }

    #[test]
    fn review_is_what_happens_without_a_command() {
        for line in [
            "tracemark --queue Gold --item i1 --ascii --shard 2/3",
            "tracemark review --queue Gold --item i1 --ascii --shard 2/3",
        ] {
            let cli = read(line).unwrap();
            let args = match cli.command {
                Some(Command::Review(args)) => args,
                other => {
                    assert!(other.is_none());
                    cli.review
                }
            };
            assert_eq!(args.queue.as_deref(), Some("Gold"));
            assert_eq!(args.item.as_deref(), Some("i1"));
            assert!(args.ascii);
            assert_eq!(args.shard, "2/3".parse().ok());
        }
    }

    #[test]
    fn shared_flags_go_anywhere_and_others_do_not() {
        for line in ["tracemark --profile x doctor", "tracemark doctor --profile x"] {
            assert_eq!(read(line).unwrap().shared.profile.as_deref(), Some("x"), "{line}");
        }
        let cases = [
            ("tracemark --queue x doctor", ErrorKind::ArgumentConflict),
            ("tracemark --shard 4/3", ErrorKind::ValueValidation),
            ("tracemark --item x", ErrorKind::MissingRequiredArgument),
            ("tracemark sample", ErrorKind::MissingRequiredArgument),
            ("tracemark agreement", ErrorKind::InvalidSubcommand),
        ];
        for (line, kind) in cases {
            assert_eq!(read(line).unwrap_err(), kind, "{line}");
        }
    }
}
