//! `evaluators run`: verdicts on traces, written as scores.

use std::process::ExitCode;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use serde_json::{Value as Json, json};

use super::args::RunArgs;
use super::find;
use super::material::{Material, Wanted, wanted};
use super::verdict::Judged;
use super::worker::Worker;
use crate::api::{ApiError, Client, Retry};
use crate::cli::output::{Format, to_stdout};
use crate::cli::progress::Progress;
use crate::cli::table::{table, terminal_width};
use crate::cli::terminal::{note, print};
use crate::cli::{Exit, Failure};
use crate::domain::text::{clean, count, one_line};
use crate::domain::{Evaluator, ScoreId, ScoreWrite, Source, Value, verdict_id};
use crate::runtime::clock::wall;

/// Fields of every format but the table.
const FIELDS: &[&str] = &["target", "name", "value", "reasoning", "score_id"];
const COLUMNS: &[&str] = &["target", "value", "reasoning"];
/// Failures told one by one; the rest are counted.
const TOLD: usize = 20;
/// How often a score is sent to a server that is too busy.
const ATTEMPTS: u32 = 5;
/// The longest a server may ask to wait.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_secs(2);

/// What was done so far.
#[derive(Default)]
struct Tally {
    done: usize,
    failed: usize,
    /// The first failure.
    first: Option<Failure>,
}

/// Scores what the command line names.
pub(super) async fn run(client: &Client, args: &RunArgs, insecure_http: bool) -> Result<ExitCode, Failure> {
    let evaluator = find(client, &args.evaluator).await?;
    let worker = Worker::new(client, &evaluator, args, insecure_http).await?;
    let wanted = wanted(client, args).await?;
    if wanted.is_empty() {
        return Err(Failure::new(Exit::NotFound, "there is nothing to score"));
    }
    if args.dry_run {
        return dry_run(client, &evaluator, &worker, &wanted).await;
    }
    let total = wanted.len();
    let mut tally = Tally::default();
    let work = score_all(client, &evaluator, &worker, wanted, args, &mut tally);
    // Dropping the work ends the programs it runs.
    let interrupted = tokio::select! {
        done = work => {
            done?;
            false
        }
        _ = tokio::signal::ctrl_c() => true,
    };
    tally.conclude(&evaluator, total, interrupted)
}

async fn score_all(
    client: &Client,
    evaluator: &Evaluator,
    worker: &Worker,
    wanted: Vec<Wanted>,
    args: &RunArgs,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let mut progress = Progress::new(wanted.len(), "done");
    let scores = stream::iter(wanted).map(async |wanted| {
        let scored = score(client, evaluator, worker, &wanted).await;
        (wanted.label(), scored)
    });
    let mut scores = std::pin::pin!(scores.buffer_unordered(usize::from(args.concurrency)));
    let format = args.output.format();
    let (mut sink, mut rows) = (to_stdout(format, FIELDS), Vec::new());
    while let Some((label, scored)) = scores.next().await {
        match scored {
            Ok(written) => {
                tally.done += 1;
                for score in &written {
                    if format == Format::Table {
                        rows.push(cells(score));
                    } else {
                        let _ = sink.put(&record(score))?;
                    }
                }
            }
            Err(failure) => {
                tally.failed += 1;
                if tally.failed <= TOLD {
                    progress.note(&format!("{label}: {}", failure.message));
                }
                let is_hopeless = failure.exit == Exit::Authentication;
                tally.first.get_or_insert(failure);
                if is_hopeless {
                    break;
                }
            }
        }
        progress.advance(1);
    }
    progress.finish();
    if format == Format::Table {
        drop(sink);
        return if rows.is_empty() { Ok(()) } else { print(&table(COLUMNS, &rows, terminal_width())) };
    }
    sink.finish().map(drop)
}

impl Tally {
    /// Says how it went.
    fn conclude(self, evaluator: &Evaluator, total: usize, interrupted: bool) -> Result<ExitCode, Failure> {
        let name = one_line(&evaluator.name);
        if self.failed > TOLD {
            note(&format!("and {} more failed", self.failed - TOLD));
        }
        if self.done == total {
            note(&format!("{name}: {total} scored"));
            return Ok(ExitCode::SUCCESS);
        }
        let what = if interrupted { "interrupted: " } else { "" };
        let message = format!("{what}{} of {total} are not scored by {name}", total - self.done);
        let hint = "run it again: what is scored already is updated";
        if self.done > 0 {
            return Err(Failure::new(Exit::Partly, message).with_hint(hint));
        }
        let exit = self.first.as_ref().map_or(Exit::Failed, |failure| failure.exit);
        let why = self.first.map(|failure| format!(": {}", failure.message)).unwrap_or_default();
        Err(Failure::new(exit, message + &why))
    }
}

/// Scores one thing; gives what was written.
async fn score(
    client: &Client,
    evaluator: &Evaluator,
    worker: &Worker,
    wanted: &Wanted,
) -> Result<Vec<ScoreWrite>, Failure> {
    let material = Material::load(client, wanted).await?;
    let judged = worker.judge(evaluator, &material).await?;
    let scores = scores(client, evaluator, &material, judged).await?;
    for attempt in 1.. {
        let Err(error) = client.post_verdicts(&scores, wall()).await else { break };
        let Some(pause) = pause(&error).filter(|_| attempt < ATTEMPTS) else { return Err(error.into()) };
        tokio::time::sleep(pause).await;
    }
    Ok(scores)
}

/// How long to wait before a score is sent again; its id makes that an update.
fn pause(error: &ApiError) -> Option<Duration> {
    match error.retry {
        Retry::Transient { after: Some(after) } => Some(after).filter(|after| *after <= PATIENCE),
        Retry::Transient { after: None } | Retry::Network => Some(PAUSE),
        Retry::Auth | Retry::Permanent => None,
    }
}

/// The scores of a verdict. One that is there already keeps its time, as an update must.
async fn scores(
    client: &Client,
    evaluator: &Evaluator,
    material: &Material,
    judged: Judged,
) -> Result<Vec<ScoreWrite>, Failure> {
    let id = |place| verdict_id(evaluator, &material.target, place);
    let ids: Vec<ScoreId> = (0..judged.values.len()).map(id).collect();
    let known = client.scores_by_id(&ids).await?;
    let now = wall();
    let score = |(id, value): (ScoreId, Value)| {
        let first = known.iter().find(|score| score.id == id).map(|score| score.timestamp);
        ScoreWrite {
            id,
            target: material.target.clone(),
            config_id: None,
            queue_id: None,
            name: evaluator.name.clone(),
            value,
            data_type: judged.data_type,
            comment: judged.reasoning.clone(),
            source: Source::Eval,
            annotator: format!("{} v{}", evaluator.name, evaluator.version),
            timestamp: first.unwrap_or(now),
            environment: material.environment.clone(),
        }
    };
    Ok(ids.into_iter().zip(judged.values).map(score).collect())
}

fn record(score: &ScoreWrite) -> Json {
    let value = match &score.value {
        Value::Number(n) => json!(n),
        Value::Boolean(yes) => json!(yes),
        Value::Category(text) | Value::Text(text) => json!(text),
    };
    json!({
        "target": score.target.key(), "name": score.name, "value": value, "reasoning": score.comment,
        "score_id": score.id.as_str(),
    })
}

fn cells(score: &ScoreWrite) -> Vec<String> {
    vec![score.target.key(), score.value.to_string(), score.comment.clone().unwrap_or_default()]
}

/// Shows what would be asked.
async fn dry_run(
    client: &Client,
    evaluator: &Evaluator,
    worker: &Worker,
    wanted: &[Wanted],
) -> Result<ExitCode, Failure> {
    let mut failed = 0;
    for wanted in wanted {
        let question = match Material::load(client, wanted).await {
            Ok(material) => worker.question(evaluator, &material),
            Err(failure) => Err(failure),
        };
        match question {
            Ok(question) => print(&format!("{}\n{}\n", wanted.label(), shown(&question)))?,
            Err(failure) => {
                failed += 1;
                note(&format!("{}: {}", wanted.label(), failure.message));
            }
        }
    }
    if failed == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let exit = if failed < wanted.len() { Exit::Partly } else { Exit::Failed };
    Err(Failure::new(exit, format!("{} cannot be asked", count(failed, "question"))))
}

/// A conversation for people, or the input of a program.
fn shown(question: &Json) -> String {
    let Some(messages) = question.as_array() else { return crate::cli::output::json(question) };
    let text = |message: &Json, key: &str| clean(message[key].as_str().unwrap_or_default()).into_owned();
    let shown = messages.iter().map(|m| format!("[{}]\n{}\n", text(m, "role"), text(m, "content")));
    shown.collect::<Vec<_>>().concat()
}
