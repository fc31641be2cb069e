//! `evaluators create` and `evaluators delete`.

use std::io::Read as _;
use std::path::Path;

use super::args::{CreateArgs, DeleteArgs, Kind};
use super::{find, list};
use crate::api::{Client, NewEvaluator, Removal};
use crate::cli::terminal::{can_ask, confirm, note};
use crate::cli::{Exit, Failure};
use crate::domain::text::one_line;
use crate::domain::{Judge, Message, Program, Scale, Verdict, Work};

/// Makes an evaluator, or a new version.
pub(super) async fn create(client: &Client, args: &CreateArgs) -> Result<(), Failure> {
    let work = match (&args.prompt, &args.source) {
        (Some(prompt), _) => Work::Judge(judge(args, read(prompt)?)?),
        (None, Some(source)) => Work::Program(Program { source: read(source)?, language: language(source)? }),
        (None, None) => return Err(Failure::usage("neither --prompt nor --source is given")),
    };
    let known = client.evaluators().await?;
    let mut known = known.into_iter().filter(|evaluator| evaluator.name == args.name);
    let (first, another) = (known.next(), known.next());
    if another.is_some() {
        return Err(Failure::failed(format!("several evaluators are called `{}`", args.name))
            .with_hint("delete all but one by their ids: `tracemark evaluators list`"));
    }
    let new = NewEvaluator { name: args.name.clone(), description: args.description.clone(), work };
    let made = client.put_evaluator(&new, first.as_ref().map(|known| known.id.as_str())).await?;
    note(&format!("{}: version {}", one_line(&made.name), made.version));
    list::show(&made, &args.output)
}

fn judge(args: &CreateArgs, prompt: String) -> Result<Judge, Failure> {
    let bounds = args.min.is_some() || args.max.is_some();
    if let (Some(min), Some(max)) = (args.min, args.max)
        && min > max
    {
        return Err(Failure::usage(format!("--min {min} is greater than --max {max}")));
    }
    let kind = args.kind.unwrap_or(Kind::Numeric);
    let scale = match kind {
        Kind::Numeric if args.category.is_empty() => Scale::Number { min: args.min, max: args.max },
        Kind::Boolean if args.category.is_empty() && !bounds => Scale::Truth,
        Kind::Categorical if !bounds && args.category.len() > 1 => {
            Scale::Labels { labels: args.category.clone(), several: args.several }
        }
        Kind::Numeric | Kind::Boolean => {
            return Err(Failure::usage("--category is for --type categorical, --min and --max for numeric"));
        }
        Kind::Categorical => return Err(Failure::usage("--type categorical takes two or more --category")),
    };
    let prompt = vec![Message { role: "user".into(), content: prompt }];
    let verdict = Verdict { scale, reasoning: args.reasoning.clone(), score: args.score.clone() };
    Ok(Judge { prompt, model: None, verdict })
}

fn read(path: &Path) -> Result<String, Failure> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| Failure::failed(format!("cannot read {}: {error}", path.display())))?;
    if text.trim().is_empty() {
        return Err(Failure::usage(format!("{} is empty", path.display())));
    }
    Ok(text)
}

fn language(path: &Path) -> Result<String, Failure> {
    match path.extension().and_then(|end| end.to_str()) {
        Some("py") => Ok("PYTHON".into()),
        Some("ts") => Ok("TYPESCRIPT".into()),
        _ => Err(Failure::usage(format!("{} is neither a .py nor a .ts file", path.display()))),
    }
}

/// Removes an evaluator, after asking.
pub(super) async fn delete(client: &Client, args: &DeleteArgs) -> Result<(), Failure> {
    let evaluator = find(client, &args.evaluator).await?;
    let name = one_line(&evaluator.name);
    if !args.yes {
        if !can_ask() {
            return Err(Failure::usage("removing an evaluator must be confirmed, and nobody can be asked")
                .with_hint("add --yes"));
        }
        let used = match evaluator.rules {
            0 => String::new(),
            n => format!(", used by {}", crate::domain::text::count(n, "rule")),
        };
        if !confirm(&format!("Remove the evaluator {name} with all its versions{used}?"))? {
            return Err(Failure::failed("nothing was changed"));
        }
    }
    match client.delete_evaluator(&evaluator.id).await? {
        Removal::Removed => {
            note(&format!("{name} is removed; its scores stay"));
            Ok(())
        }
        Removal::WasGone => Err(Failure::new(Exit::NotFound, format!("{name} is gone already"))),
    }
}
