//! `tracemark pull`: what is fetched, what is said, and how it exits.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "other tests use the rest")]
mod cli_support;

use cli_support::{Home, Serving, failure, text};

/// A place to keep things, and a server with the sample project.
fn world() -> (Home, Serving) {
    let home = Home::new();
    let server = home.serve(&[]);
    (home, server)
}

fn pull(home: &Home, server: &Serving, arguments: &[&str]) -> assert_cmd::Command {
    let mut command = home.command(&[&["pull"], arguments].concat());
    command.env("LANGFUSE_BASE_URL", &server.url);
    command.env("LANGFUSE_PUBLIC_KEY", &server.public_key).env("LANGFUSE_SECRET_KEY", &server.secret_key);
    command
}

fn settings(home: &Home, toml: &str) {
    let folder = home.0.path().join("config");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), toml).unwrap();
}

fn said(command: &mut assert_cmd::Command) -> (i32, String) {
    let output = command.output().unwrap();
    (output.status.code().unwrap(), text(&output.stderr))
}

#[test]
fn a_queue_is_fetched_once() {
    let (home, server) = world();
    let (code, first) = said(&mut pull(&home, &server, &["--queue", "Conversations"]));
    let last = first.lines().last().unwrap().to_owned();
    assert_eq!(code, 0, "{first}");
    assert!(last.starts_with("Conversations: ") && last.ends_with(" fetched"), "{last}");
    let n = last.trim_start_matches("Conversations: ").trim_end_matches(" fetched");
    let (code, again) = said(&mut pull(&home, &server, &["--queue", "queue-conversations"]));
    assert_eq!(code, 0);
    assert!(again.ends_with(&format!("Conversations: 0 fetched, {n} there already\n")), "{again}");
    let (_, afresh) = said(&mut pull(&home, &server, &["--queue", "Conversations", "--again"]));
    assert!(afresh.ends_with(&format!("{last}\n")), "{afresh}");
}

#[test]
fn what_cannot_be_pulled_is_said_with_the_next_step() {
    let (home, server) = world();
    let (code, words) = failure(&mut pull(&home, &server, &["--queue", "Nowhere"]));
    assert_eq!(code, 4);
    assert!(words.contains("there is no queue `Nowhere`") && words.contains("Conversations"), "{words}");

    let (code, words) = failure(&mut home.command(&["pull", "--queue", "Conversations"]));
    assert_eq!(code, 2);
    assert!(words.contains("nothing to pull"), "{words}");

    settings(&home, "cache = \"off\"");
    let (code, words) = failure(&mut pull(&home, &server, &["--queue", "Conversations"]));
    assert_eq!(code, 1);
    assert!(words.contains("`cache` in config.toml"), "{words}");

    settings(&home, "cache = \"1 MB\"");
    let mut gone = pull(&home, &server, &["--queue", "Conversations"]);
    server.stop("-TERM");
    let (code, words) = failure(&mut gone);
    assert_eq!(code, 5, "{words}");
}
