//! What can be written behind `evaluators`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use crate::cli::output::OutputArgs;
use crate::cli::when;

const RUN_HELP: &str = "\
A judge (llm_as_judge) asks a model: any endpoint that speaks OpenAI's chat
completions. Its key comes from TRACEMARK_MODEL_API_KEY, else OPENAI_API_KEY; the
endpoint gets the filled prompt and nothing else.

A program (code) is one of yours, named with --command. It gets one JSON object
on stdin: input, output, metadata, tool_calls, expected_output,
experiment_item_metadata, target, evaluator; and answers on stdout with
{\"score\": …, \"reasoning\": …}. Source kept with the evaluator is never run.

What fills the variables of a prompt: the mapping of a rule that uses the
evaluator, else the evaluator's own, else the part of that name, else the
metadata of that name.

Every verdict becomes a score of the evaluator with the reason as its comment.
Running the same version again updates it.

Exit codes: 0 all are scored; 6 some are, the others were listed; 1 none is;
2 something is not configured; 3 keys are not accepted; 4 not found;
5 unreachable.";

/// The commands on evaluators.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum EvaluatorsCommand {
    /// List the evaluators of the project.
    List(ListArgs),
    /// Show an evaluator with its prompt or source.
    Get(GetArgs),
    /// Make an evaluator, or a new version of the one of that name.
    Create(CreateArgs),
    /// Remove an evaluator with all its versions; its scores stay.
    Delete(DeleteArgs),
    /// Let an evaluator score traces, from this machine.
    #[command(after_help = RUN_HELP)]
    Run(RunArgs),
}

/// How to list.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What to show.
#[derive(Debug, Args)]
pub(in crate::cli) struct GetArgs {
    /// The evaluator.
    #[arg(value_name = "NAME|ID")]
    pub(super) evaluator: String,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Kind {
    /// A number, within --min and --max.
    Numeric,
    /// True or false.
    Boolean,
    /// One of the --category labels.
    Categorical,
}

/// What to make.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("work").required(true).args(["prompt", "source"])))]
pub(in crate::cli) struct CreateArgs {
    /// Its name, which its scores have, too.
    pub(super) name: String,
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
    /// File with the prompt of a judge, in which {{input}} or {{output}} stand for variables; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    pub(super) prompt: Option<PathBuf>,
    /// What the judge answers with.
    #[arg(
        long = "type",
        value_name = "TYPE",
        requires = "prompt",
        default_value_if("prompt", clap::builder::ArgPredicate::IsPresent, "numeric")
    )]
    pub(super) kind: Option<Kind>,
    /// Least value.
    #[arg(long, value_name = "N", requires = "prompt", allow_negative_numbers = true)]
    pub(super) min: Option<f64>,
    /// Greatest value.
    #[arg(long, value_name = "N", requires = "prompt", allow_negative_numbers = true)]
    pub(super) max: Option<f64>,
    /// A label; give two or more.
    #[arg(long, value_name = "LABEL", requires = "prompt")]
    pub(super) category: Vec<String>,
    /// An answer may name several labels.
    #[arg(long, requires = "category")]
    pub(super) several: bool,
    /// What the score means.
    #[arg(long, value_name = "TEXT", requires = "prompt", default_value = "")]
    pub(super) score: String,
    /// What the reason is to say.
    #[arg(long, value_name = "TEXT", requires = "prompt", default_value = "")]
    pub(super) reasoning: String,
    /// File with the source of a program, to be kept and shown: .py or .ts.
    #[arg(long, value_name = "FILE")]
    pub(super) source: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What to remove.
#[derive(Debug, Args)]
pub(in crate::cli) struct DeleteArgs {
    /// The evaluator.
    #[arg(value_name = "NAME|ID")]
    pub(super) evaluator: String,
    /// Do not ask.
    #[arg(long, short)]
    pub(super) yes: bool,
}

/// What to score, and with what.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("targets").required(true).args(["traces", "dataset_run", "queue"])))]
pub(in crate::cli) struct RunArgs {
    /// The evaluator.
    #[arg(value_name = "NAME|ID")]
    pub(super) evaluator: String,
    /// Traces to score.
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    pub(super) traces: Vec<String>,
    /// A run of a dataset to score.
    #[arg(long, value_name = "DATASET/RUN")]
    pub(super) dataset_run: Option<String>,
    /// A queue whose items to score.
    #[arg(long, value_name = "NAME|ID")]
    pub(super) queue: Option<String>,
    /// Address of the model's API, as in `http://localhost:11434/v1`.
    #[arg(long, value_name = "URL", conflicts_with = "command")]
    pub(super) model_url: Option<String>,
    /// Name of the model; that of the evaluator if not given.
    #[arg(long, value_name = "NAME", conflicts_with = "command")]
    pub(super) model: Option<String>,
    /// Program that scores, with its arguments; quotes keep words together, no shell is involved.
    #[arg(long, value_name = "PROG ARGS")]
    pub(super) command: Option<String>,
    /// Longest time for one verdict; 30s for a program and 2m for a model if not given.
    #[arg(long, value_name = "TIME", value_parser = when::duration)]
    pub(super) timeout: Option<Duration>,
    /// So many at the same time.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(super) concurrency: u16,
    /// Show what would be asked, and neither ask nor write.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}
