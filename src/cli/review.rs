//! `review`: the terminal UI.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use jiff::tz::TimeZone;

use super::args::{ReviewArgs, Shared};
use super::terminal::note;
use super::{ENV, Failure, load};
use crate::app::Start;
use crate::config::{Config, Destination, ensure_private_dir};
use crate::domain::text;
use crate::runtime::{self, Ending, Keeping, Options};
use crate::theme::Theme;

/// Opens the terminal UI. The code is 128 and its number where a signal ended it, as shells have it.
pub(super) fn run(shared: &Shared, args: &ReviewArgs) -> Result<ExitCode, Failure> {
    // Settings first: they can be put right without a terminal, too.
    let config = load(shared, args.annotator.as_deref(), args.ascii)?;
    needs_terminal()?;
    for dir in [&config.dirs.data, &config.dirs.state] {
        ensure_private_dir(dir)
            .map_err(|error| Failure::failed(format!("cannot use {}: {error}", dir.display())))?;
    }
    let database = config.dirs.database();
    let ended =
        runtime::run(options(config, shared, args)).map_err(|error| Failure::failed(format!("{error:#}")))?;
    for finding in &ended.findings {
        note(&finding.to_string());
    }
    match ended.how {
        Ending::Quit { unsent, parked } => {
            for words in last_words(unsent, parked, &database) {
                note(&words);
            }
            Ok(ExitCode::SUCCESS)
        }
        Ending::Signal(number) => Ok(ExitCode::from(128 | number)),
    }
}

/// What is left at the end: how much, where it is, what sends it.
fn last_words(unsent: usize, parked: usize, database: &Path) -> Vec<String> {
    let many = |n: usize| text::count(n, "decision");
    let are = |n: usize| if n == 1 { "is" } else { "are" };
    let mut words = Vec::new();
    if unsent > 0 {
        let place = database.display();
        let (what, are) = (many(unsent), are(unsent));
        words.push(format!("{what} {are} saved in {place} and not sent yet"));
        words.push("hint: the next start sends, or `tracemark sync`".into());
    }
    if parked > 0 {
        let waits = if parked == 1 { "waits" } else { "wait" };
        words.push(format!("{} {waits} for you: `S` in the review shows why", many(parked)));
    }
    words
}

/// Refuses where nothing can be drawn or typed.
fn needs_terminal() -> Result<(), Failure> {
    let missing = if ENV("TERM").as_deref() == Some("dumb") {
        "TERM is dumb"
    } else if !std::io::stdin().is_terminal() {
        "stdin is not a terminal"
    } else if !std::io::stdout().is_terminal() {
        "stdout is not a terminal"
    } else {
        return Ok(());
    };
    Err(Failure::usage(format!("the terminal UI cannot run here: {missing}"))
        .with_hint("for scripts there are `tracemark doctor`, `tracemark serve` and `tracemark --help`"))
}

fn options(config: Config, shared: &Shared, args: &ReviewArgs) -> Options {
    let (place, web_url) = match &config.destination {
        Destination::Embedded => ("embedded workspace".to_owned(), None),
        Destination::Server { name, base_url, .. } => (name.clone(), Some(base_url.clone())),
    };
    let start = Start {
        place,
        embedded: web_url.is_none(),
        web_url,
        independent: config.independent,
        annotator: config.annotator,
        author: config.author_user_id,
        hold: config.hold,
        queue: args.queue.clone(),
        item: args.item.clone(),
        shard: args.shard,
        keymap: config.keymap,
        zone: TimeZone::system(),
        log_path: config.dirs.log().display().to_string(),
    };
    Options {
        start,
        destination: config.destination,
        workspace: config.dirs.workspace(),
        database: config.dirs.database(),
        log: config.dirs.log(),
        keeping: Keeping { path: config.dirs.cache(), limit: config.cache },
        theme: Theme::new(config.color, config.ascii),
        allow_insecure_http: shared.insecure_http,
    }
}
