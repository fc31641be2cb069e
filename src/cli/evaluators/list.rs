//! `evaluators list` and `evaluators get`.

use serde_json::{Value as Json, json};

use super::args::{GetArgs, ListArgs};
use super::{find, verdict};
use crate::api::Client;
use crate::cli::Failure;
use crate::cli::output::{Format, OutputArgs, to_stdout};
use crate::cli::table::{table, terminal_width};
use crate::cli::terminal::{note, print};
use crate::domain::text::{clean, one_line};
use crate::domain::{Evaluator, Work};

/// Fields of every format but the table.
const FIELDS: &[&str] = &[
    "id",
    "name",
    "type",
    "version",
    "description",
    "variables",
    "rules",
    "model",
    "prompt",
    "verdict",
    "source",
    "language",
];
const COLUMNS: &[&str] = &["name", "type", "version", "verdict", "variables", "rules", "id"];

fn record(evaluator: &Evaluator) -> Json {
    let mut record = json!({
        "id": evaluator.id, "name": evaluator.name, "type": evaluator.work.api_name(),
        "version": evaluator.version, "description": evaluator.description,
        "variables": evaluator.variables, "rules": evaluator.rules,
    });
    match &evaluator.work {
        Work::Judge(judge) => {
            let message = |m: &crate::domain::Message| json!({"role": m.role, "content": m.content});
            record["model"] = json!(judge.model);
            record["prompt"] = judge.prompt.iter().map(message).collect();
            record["verdict"] = json!(verdict::words(&judge.verdict.scale));
        }
        Work::Program(program) => {
            record["source"] = json!(program.source);
            record["language"] = json!(program.language);
        }
        Work::Other(_) => {}
    }
    record
}

fn cells(evaluator: &Evaluator) -> Vec<String> {
    let verdict = match &evaluator.work {
        Work::Judge(judge) => verdict::words(&judge.verdict.scale),
        Work::Program(_) | Work::Other(_) => String::new(),
    };
    vec![
        evaluator.name.clone(),
        evaluator.work.api_name().to_owned(),
        evaluator.version.to_string(),
        verdict,
        evaluator.variables.join(", "),
        evaluator.rules.to_string(),
        evaluator.id.clone(),
    ]
}

/// Lists all evaluators.
pub(super) async fn list(client: &Client, args: &ListArgs) -> Result<(), Failure> {
    let evaluators = client.evaluators().await?;
    if evaluators.is_empty() {
        note("there are no evaluators in this project; `tracemark evaluators create` makes one");
    }
    match args.output.format() {
        Format::Table if evaluators.is_empty() => Ok(()),
        Format::Table => {
            print(&table(COLUMNS, &evaluators.iter().map(cells).collect::<Vec<_>>(), terminal_width()))
        }
        format => {
            let mut sink = to_stdout(format, FIELDS);
            for evaluator in &evaluators {
                if sink.put(&record(evaluator))?.is_break() {
                    break;
                }
            }
            sink.finish().map(drop)
        }
    }
}

/// Shows one evaluator.
pub(super) async fn get(client: &Client, args: &GetArgs) -> Result<(), Failure> {
    show(&find(client, &args.evaluator).await?, &args.output)
}

/// Writes an evaluator to stdout: a page for people, a record for programs.
pub(super) fn show(evaluator: &Evaluator, output: &OutputArgs) -> Result<(), Failure> {
    match output.format() {
        Format::Table => print(&page(evaluator)),
        format => {
            // A single object, even where it is called json.
            let format = if format == Format::Json { Format::Jsonl } else { format };
            let mut sink = to_stdout(format, FIELDS);
            let _ = sink.put(&record(evaluator))?;
            sink.finish().map(drop)
        }
    }
}

fn page(evaluator: &Evaluator) -> String {
    let mut facts = vec![
        ("name", evaluator.name.clone()),
        ("id", evaluator.id.clone()),
        ("type", evaluator.work.api_name().to_owned()),
        ("version", evaluator.version.to_string()),
        ("about", evaluator.description.clone().unwrap_or_default()),
        ("variables", evaluator.variables.join(", ")),
        ("rules", evaluator.rules.to_string()),
    ];
    let mut text = String::new();
    match &evaluator.work {
        Work::Judge(judge) => {
            facts.push(("model", judge.model.clone().unwrap_or_default()));
            facts.push(("verdict", verdict::words(&judge.verdict.scale)));
            for message in &judge.prompt {
                text.extend(["\n[", &one_line(&message.role), "]\n", &clean(&message.content), "\n"]);
            }
        }
        Work::Program(program) => {
            facts.push(("language", program.language.clone()));
            text = format!("\n{}\n", clean(&program.source));
        }
        Work::Other(_) => {}
    }
    let facts = facts.iter().filter(|(_, value)| !value.is_empty());
    let facts: Vec<String> = facts.map(|(name, value)| format!("{name:<10} {}\n", one_line(value))).collect();
    facts.concat() + &text
}
