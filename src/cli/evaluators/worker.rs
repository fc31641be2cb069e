//! Whoever scores: a model with its prompt, or a program.

use std::time::Duration;

use serde_json::{Value as Json, json};
use url::Url;

use super::args::RunArgs;
use super::fill::Plan;
use super::material::Material;
use super::program::Program;
use super::verdict::{self, Judged};
use crate::api::{Client, Endpoint, Model, Retry};
use crate::cli::{ENV, Exit, Failure};
use crate::domain::text::one_line;
use crate::domain::{Evaluator, Judge, Scale, Work};
use crate::runtime::clock::wall;

const PROGRAM_TIME: Duration = Duration::from_secs(30);
const MODEL_TIME: Duration = Duration::from_mins(2);
const MODEL_HINT: &str = "--model-url names any endpoint that speaks OpenAI's chat completions, and --model \
    the model; a key is taken from TRACEMARK_MODEL_API_KEY or OPENAI_API_KEY; --dry-run shows what would be \
    asked";
const PROGRAM_HINT: &str = "--command 'PROG ARGS' names a program of yours; the source kept with the evaluator \
    is not run, `tracemark evaluators get` shows it";

/// Whoever scores.
#[derive(Debug)]
pub(super) enum Worker {
    /// A model; `None` where it is not to be asked.
    Judge { plan: Plan, scale: Scale, schema: Json, model: Option<(Box<Model>, String)> },
    /// A program; `None` where it is not to be run.
    Program(Option<Program>),
}

impl Worker {
    /// Whoever scores for an evaluator, as the command line says.
    pub(super) async fn new(
        client: &Client,
        evaluator: &Evaluator,
        args: &RunArgs,
        allow_insecure_http: bool,
    ) -> Result<Self, Failure> {
        let name = one_line(&evaluator.name);
        match &evaluator.work {
            Work::Judge(judge) => {
                if args.command.is_some() {
                    return Err(Failure::usage(format!("`{name}` is judged by a model, not by a program"))
                        .with_hint(MODEL_HINT));
                }
                let model = model(&name, judge, args, allow_insecure_http)?;
                let mapping = client.rule_mapping(&evaluator.id).await?.or_else(|| evaluator.mapping.clone());
                let plan = Plan::new(&judge.prompt, mapping.as_deref()).map_err(Failure::failed)?;
                let schema = verdict::schema(&judge.verdict);
                Ok(Self::Judge { plan, scale: judge.verdict.scale.clone(), schema, model })
            }
            Work::Program(_) => {
                if args.model_url.is_some() || args.model.is_some() {
                    return Err(Failure::usage(format!("`{name}` is scored by a program, not by a model"))
                        .with_hint(PROGRAM_HINT));
                }
                program(&name, args).map(Self::Program)
            }
            Work::Other(kind) => {
                let kind = one_line(kind);
                Err(Failure::failed(format!("`{name}` is a `{kind}`, which this version cannot run")))
            }
        }
    }

    /// What would be asked.
    pub(super) fn question(&self, evaluator: &Evaluator, material: &Material) -> Result<Json, Failure> {
        match self {
            Self::Judge { plan, .. } => {
                let prompt = plan.fill(material).map_err(Failure::failed)?;
                Ok(prompt.iter().map(|m| json!({"role": m.role, "content": m.content})).collect())
            }
            Self::Program(_) => Ok(input(evaluator, material)),
        }
    }

    /// The verdict on this material.
    pub(super) async fn judge(&self, evaluator: &Evaluator, material: &Material) -> Result<Judged, Failure> {
        match self {
            Self::Judge { plan, scale, schema, model: Some((model, name)) } => {
                let prompt = plan.fill(material).map_err(Failure::failed)?;
                let said = model.ask(name, &prompt, schema).await.map_err(|error| {
                    let exit = match error.retry {
                        Retry::Network | Retry::Transient { .. } => Exit::Unreachable,
                        Retry::Auth => Exit::Authentication,
                        Retry::Permanent => Exit::Failed,
                    };
                    Failure::new(exit, one_line(&error.message))
                })?;
                verdict::read(&said, scale).map_err(|why| Failure::failed(one_line(&why)))
            }
            Self::Program(Some(program)) => {
                let output = program.run(&input(evaluator, material)).await;
                let judged = output.and_then(|output| verdict::of_program(&output));
                judged.map_err(|why| Failure::failed(one_line(&why)))
            }
            Self::Judge { model: None, .. } | Self::Program(None) => {
                Err(Failure::usage("nobody to score is configured"))
            }
        }
    }
}

/// What a program gets.
fn input(evaluator: &Evaluator, material: &Material) -> Json {
    let mut input = material.for_program();
    input.insert("target".into(), json!(material.target.key()));
    input.insert("evaluator".into(), json!({"name": evaluator.name, "version": evaluator.version}));
    Json::Object(input)
}

fn program(name: &str, args: &RunArgs) -> Result<Option<Program>, Failure> {
    match &args.command {
        Some(command) => {
            let timeout = args.timeout.unwrap_or(PROGRAM_TIME);
            let program = Program::read(command, timeout);
            program.map(Some).map_err(|why| Failure::usage(format!("--command: {why}")))
        }
        None if args.dry_run => Ok(None),
        None => {
            let message = format!("`{name}` is scored by a program, and none is named");
            Err(Failure::usage(message).with_hint(PROGRAM_HINT))
        }
    }
}

fn model(
    name: &str,
    judge: &Judge,
    args: &RunArgs,
    allow_insecure_http: bool,
) -> Result<Option<(Box<Model>, String)>, Failure> {
    if args.dry_run {
        return Ok(None);
    }
    let missing = |what: &str| {
        Failure::usage(format!("`{name}` is judged by a model, and {what}")).with_hint(MODEL_HINT)
    };
    let url = args.model_url.as_deref().ok_or_else(|| missing("no endpoint is named"))?;
    let model = args.model.clone().or_else(|| judge.model.clone());
    let model = model.ok_or_else(|| missing("none is named"))?;
    let url = Url::parse(url).map_err(|error| {
        Failure::usage(format!("--model-url: `{}` is no address: {error}", one_line(url)))
            .with_hint("write all of it, as in http://localhost:11434/v1")
    })?;
    let key = ["TRACEMARK_MODEL_API_KEY", "OPENAI_API_KEY"].into_iter().filter_map(ENV);
    let key = key.filter(|key| !key.trim().is_empty()).map(Into::into).next();
    let timeout = args.timeout.unwrap_or(MODEL_TIME);
    let endpoint = Endpoint { url, key, allow_insecure_http, timeout };
    let made = Model::new(endpoint, wall).map_err(|error| Failure::usage(format!("--model-url: {error}")))?;
    Ok(Some((Box::new(made), model)))
}
