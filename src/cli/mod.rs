//! The command line and the commands without a screen.
//!
//! Data goes to stdout, everything else to stderr. A failure is told as `error: what happened, to
//! what` with a `hint:` line where there is a next step, and as an [`Exit`] code.

mod args;
mod cache;
mod database;
mod doctor;
mod evaluators;
mod failure;
mod import;
mod journal;
mod login;
mod output;
mod pages;
mod place;
mod profiles;
mod progress;
mod pull;
mod review;
mod sample;
mod serve;
mod sync;
mod table;
mod terminal;
mod when;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;

use args::{CacheCommand, Cli, Command};
pub use failure::{Exit, Failure};

use crate::config::{Config, Env, Flags};
use crate::runtime::connect::Connector;

/// Does what the command line says; returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::read(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too; a reader who has gone is no error.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match dispatch(cli) {
        Ok(code) => code,
        Err(failure) => {
            failure.tell();
            failure.exit.into()
        }
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    let shared = &cli.shared;
    let done = match cli.command {
        None => return review::run(shared, &cli.review),
        Some(Command::Review(args)) => return review::run(shared, &args),
        Some(Command::Login(args)) => login::run(shared, &args),
        Some(Command::Logout { name }) => profiles::logout(name.as_deref()),
        Some(Command::Profiles { default }) => profiles::run(default.as_deref()),
        Some(Command::Doctor) => doctor::run(shared),
        Some(Command::Evaluators { command }) => return evaluators::run(shared, &command),
        Some(Command::Journal { command }) => journal::run(shared, &command),
        Some(Command::Sync(args)) => sync::run(shared, &args),
        Some(Command::Pull(args)) => return pull::run(shared, &args),
        Some(Command::Cache { command: CacheCommand::Clear }) => cache::clear(),
        Some(Command::Serve(args)) => serve::run(&args),
        Some(Command::Import(args)) => return import::run(shared, &args),
        Some(Command::Sample(args)) => sample::run(&args),
        Some(Command::Completions { shell }) => pages::completions(shell),
        Some(Command::Man) => pages::man(),
        Some(Command::Keys) => pages::keys(),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// The process's environment.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

const ENV: Env<'static> = &environment;

fn load(shared: &args::Shared, annotator: Option<&str>, ascii: bool) -> Result<Config, Failure> {
    let flags = Flags { profile: shared.profile.clone(), annotator: annotator.map(ToOwned::to_owned), ascii };
    Config::load(&flags, ENV).map_err(Failure::from)
}

/// What connecting to the chosen destination needs.
fn connector(config: &Config, allow_insecure_http: bool) -> Connector {
    Connector {
        destination: config.destination.clone(),
        workspace: config.dirs.workspace(),
        allow_insecure_http,
        window: None,
    }
}

/// Runs a command that waits for the network.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?.block_on(work)
}
