//! `evaluators`: how traces are scored without a person, kept at the server and run from here.

mod args;
mod edit;
mod fill;
mod list;
mod material;
mod path;
mod program;
mod run;
mod verdict;
mod worker;

use std::process::ExitCode;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(super) use args::EvaluatorsCommand;

use super::args::Shared;
use super::{Exit, Failure, block_on, connector, load};
use crate::api::Client;
use crate::domain::Evaluator;
use crate::domain::text::one_line;

/// Does what is written behind `evaluators`.
pub(super) fn run(shared: &Shared, command: &EvaluatorsCommand) -> Result<ExitCode, Failure> {
    let config = load(shared, None, false)?;
    let connector = connector(&config, shared.insecure_http);
    block_on(async {
        let connection = connector.connection(&TaskTracker::new(), &CancellationToken::new()).await?;
        let client = connector.reach(connection).await?.client;
        match command {
            EvaluatorsCommand::List(args) => list::list(&client, args).await,
            EvaluatorsCommand::Get(args) => list::get(&client, args).await,
            EvaluatorsCommand::Create(args) => edit::create(&client, args).await,
            EvaluatorsCommand::Delete(args) => edit::delete(&client, args).await,
            EvaluatorsCommand::Run(args) => return run::run(&client, args, shared.insecure_http).await,
        }
        .map(|()| ExitCode::SUCCESS)
    })
}

/// The evaluator of that id, else the one of that name.
async fn find(client: &Client, wanted: &str) -> Result<Evaluator, Failure> {
    let mut all = client.evaluators().await?;
    if let Some(place) = all.iter().position(|evaluator| evaluator.id == wanted) {
        return Ok(all.swap_remove(place));
    }
    let names: Vec<String> = all.iter().map(|evaluator| one_line(&evaluator.name)).collect();
    all.retain(|evaluator| evaluator.name == wanted);
    let ids: Vec<&str> = all.iter().map(|evaluator| evaluator.id.as_str()).collect();
    if all.len() > 1 {
        let ids = ids.join(", ");
        return Err(Failure::usage(format!("{} evaluators are called `{wanted}`", all.len()))
            .with_hint(format!("name one by its id: {ids}")));
    }
    all.pop().ok_or_else(|| {
        let failure =
            Failure::new(Exit::NotFound, format!("there is no evaluator `{wanted}` in this project"));
        let make = "`tracemark evaluators create` makes one".to_owned();
        failure.with_hint(if names.is_empty() { make } else { format!("there are: {}", names.join(", ")) })
    })
}
