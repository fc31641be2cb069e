//! The binary as scripts see it: what it prints, where, and how it exits.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "other tests use the rest")]
mod cli_support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use cli_support::{Home, failure, text};

#[test]
fn help_and_version_go_to_stdout() {
    let home = Home::new();
    let help = text(&home.command(&["--help"]).assert().success().get_output().stdout);
    for word in ["login", "doctor", "serve", "--queue", "Exit codes"] {
        assert!(help.contains(word), "{word} is missing in:\n{help}");
    }
    assert!(!help.contains("keys "), "the command for the documentation is hidden");
    let version = text(&home.command(&["--version"]).assert().success().get_output().stdout);
    assert_eq!(version, format!("tracemark {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn pages_are_printed() {
    let home = Home::new();
    for (arguments, word) in [
        (vec!["completions", "bash"], "_tracemark"),
        (vec!["completions", "zsh"], "#compdef tracemark"),
        (vec!["man"], ".TH tracemark"),
        (vec!["keys"], "# Keys"),
    ] {
        let page = text(&home.command(&arguments).assert().success().get_output().stdout);
        assert!(page.contains(word), "{arguments:?}");
    }
}

#[test]
fn a_reader_who_leaves_is_no_error() {
    let home = Home::new();
    let mut process = home.process();
    process.args(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

#[test]
fn a_half_set_environment_is_a_usage_error() {
    let home = Home::new();
    for arguments in [&[][..], &["doctor"]] {
        let output = home.command(arguments).env("LANGFUSE_HOST", "https://x.example").output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stderr);
        let missing =
            "error: LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not set, but LANGFUSE_HOST is\nhint: ";
        assert!(said.starts_with(missing), "{said}");
    }
}

#[test]
fn without_a_terminal_the_commands_for_scripts_are_named() {
    let home = Home::new();
    let hint = "hint: for scripts there are `tracemark doctor`, `tracemark serve` and `tracemark --help`\n";
    for (term, what) in [("dumb", "TERM is dumb"), ("xterm", "stdin is not a terminal")] {
        let (code, said) = failure(home.command(&["review"]).env("TERM", term));
        assert_eq!((code, said), (2, format!("error: the terminal UI cannot run here: {what}\n{hint}")));
    }
}

#[test]
fn bad_settings_are_named_and_nothing_is_guessed() {
    let home = Home::new();
    fs::create_dir(home.0.path().join("config")).unwrap();
    fs::write(home.0.path().join("config/config.toml"), "hold = 10\n").unwrap();
    let (code, said) = failure(&mut home.command(&[]));
    assert_eq!(code, 2);
    assert!(said.contains("config.toml:1: `hold` must be a time such as"), "{said}");
}

#[test]
fn serve_answers_and_stops_cleanly() {
    for signal in ["-TERM", "-INT"] {
        let home = Home::new();
        let serving = home.serve(&[]);
        assert!(serving.public_key.starts_with("pk-lf-") && serving.secret_key.starts_with("sk-lf-"));
        let answer = serving.get("/api/public/health");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let (code, said) = serving.stop(signal);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("workspace.db"), "{said}");
    }
}

#[test]
fn serve_keeps_to_this_machine_unless_told_otherwise() {
    let home = Home::new();
    let (code, said) = failure(&mut home.command(&["serve", "--bind", "0.0.0.0:0"]));
    assert_eq!(code, 2);
    assert!(said.contains("other machines") && said.contains("TRACEMARK_SERVE_SECRET_KEY"), "{said}");
    let (code, said) = failure(&mut home.command(&["serve", "--bind", "nonsense"]));
    assert_eq!(code, 2);
    assert!(said.contains("HOST:PORT"), "{said}");
    let serving = home.serve_with(&["--bind", "0.0.0.0:0", "--public-key", "pk-mine"], Some("sk-mine"));
    assert!(serving.url.starts_with("http://127.0.0.1:"), "{}", serving.url);
    assert_eq!((serving.public_key.as_str(), serving.secret_key.as_str()), ("pk-mine", "sk-mine"));
    assert!(serving.more.iter().any(|line| line.starts_with("LANGFUSE_ORG_SECRET_KEY=sk-lf-")));
}

#[test]
fn a_port_in_use_is_named_with_a_way_out() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, said) = failure(&mut home.command(&["serve", "--empty", "--bind", &address]));
    assert_eq!(code, 1);
    assert!(said.contains(&format!("cannot bind {address}: ")) && said.contains("port 0"), "{said}");
}

#[test]
fn what_serve_cannot_do_is_said_with_an_example() {
    let home = Home::new();
    let secret = "TRACEMARK_SERVE_SECRET_KEY";
    let cases: &[(&[&str], &str, &[&str])] = &[
        (&["--public-key", "pk"], "", &[secret]),
        (&[], "sk", &["no public key", "--public-key"]),
        (&["--public-key", "p k"], "sk", &["without spaces", "pk-lf-local"]),
        (&["--mode", "v5"], "", &["--mode", "events-only", "dual", "legacy"]),
        (&["--plan", "gold"], "", &["--plan", "hobby", "core", "pro", "none"]),
        (&["--latency", "200"], "", &["--latency", "200", "90s"]),
        (&["--fault", "POST /comments"], "", &["--fault", "POST /comments", "drop-after:0.3"]),
        (&["--fault", "/comments=boom"], "", &["--fault", "`boom`", "drop-before", "status:503"]),
        (&["--fault-seed", "1"], "", &["--fault"]),
    ];
    for (arguments, key, words) in cases {
        let mut command = home.command(&["serve"]);
        let (code, said) = failure(command.args(*arguments).env(secret, key));
        assert_eq!(code, 2, "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
    }
}

#[test]
fn login_tries_the_keys_before_it_stores_them() {
    let home = Home::new();
    let serving = home.serve(&[]);
    let login = |secret: &str| {
        let key = serving.public_key.as_str();
        let arguments =
            ["login", "--url", &serving.url, "--public-key", key, "--secret-key-stdin", "--name", "here"];
        let mut command = home.command(&arguments);
        command.write_stdin(format!("{secret}\n"));
        command
    };
    let profiles = home.0.path().join("config/profiles.toml");

    let (code, said) = failure(&mut login("sk-lf-wrong"));
    assert_eq!(code, 3, "{said}");
    assert!(!profiles.exists());

    let said = text(&login(&serving.secret_key).assert().success().get_output().stderr);
    assert!(said.contains("profiles.toml") && said.contains("Sample project"), "{said}");
    assert!(!said.contains(&serving.secret_key));
    assert!(fs::read_to_string(&profiles).unwrap().contains(&serving.secret_key));

    let list = text(&home.command(&["profiles"]).assert().success().get_output().stdout);
    assert_eq!(list, format!("* here  {}  {}  ada\n", serving.url, serving.public_key));

    let told = text(&home.command(&["doctor"]).assert().success().get_output().stdout);
    assert!(told.contains("project       Sample project") && told.contains("(here, "), "{told}");
    assert!(!told.contains(&serving.secret_key));

    drop(serving);
    home.command(&["logout"]).assert().success();
    assert_eq!(failure(&mut home.command(&["logout", "here"])).0, 4);
    assert!(!fs::read_to_string(&profiles).unwrap().contains("sk-lf-"));
}

#[test]
fn login_asks_a_person_and_never_shows_the_secret() {
    let home = Home::new();
    let serving = home.serve(&[]);
    let pty = portable_pty::native_pty_system().openpty(portable_pty::PtySize::default()).unwrap();
    let mut command = portable_pty::CommandBuilder::new(assert_cmd::cargo::cargo_bin!("tracemark"));
    command.arg("login");
    command.env_clear();
    for (name, value) in home.process().get_envs() {
        command.env(name, value.unwrap());
    }
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let mut writer = pty.master.take_writer().unwrap();
    let answers = [
        ("Server [https://cloud.langfuse.com]: ", serving.url.as_str()),
        ("Public key: ", &serving.public_key),
        ("Secret key (not shown): ", &serving.secret_key),
        ("Your name, kept with your scores [ada]: ", ""),
    ];
    let mut screen = String::new();
    for (question, answer) in answers {
        while !screen.ends_with(question) {
            let mut byte = [0];
            assert_eq!(reader.read(&mut byte).unwrap(), 1, "{question} is not asked:\n{screen}");
            screen.push(char::from(byte[0]));
        }
        writer.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    assert!(child.wait().unwrap().success());
    let stored = fs::read_to_string(home.0.path().join("config/profiles.toml")).unwrap();
    assert!(stored.contains(&serving.secret_key) && stored.contains("annotator = \"ada\""), "{stored}");
    assert!(!screen.contains(&serving.secret_key), "{screen}");
}

#[test]
fn login_says_what_is_missing_or_wrong() {
    let home = Home::new();
    let cases = [
        (vec!["login"], "--url is needed where nobody can be asked"),
        (vec!["login", "--url", "https://x.example"], "--public-key is needed where nobody can be asked"),
        (
            vec!["login", "--url", "x.example"],
            "`x.example` is not the address of a server: it needs http:// or https://",
        ),
        (
            vec!["login", "--url", "https://x.example", "--public-key", "pk-lf-1"],
            "--secret-key-stdin is needed where nobody can be asked",
        ),
        (
            vec!["login", "--url", "https://x.example", "--public-key", "sk-lf-1"],
            "this is a secret key, not a public one",
        ),
        (
            vec!["login", "--url", "https://x.example", "--public-key", "pk-lf-1", "--secret-key-stdin"],
            "no secret key was given",
        ),
    ];
    for (arguments, message) in cases {
        let (code, said) = failure(&mut home.command(&arguments));
        assert_eq!(code, 2, "{arguments:?}");
        assert!(said.starts_with(&format!("error: {message}\n")), "{arguments:?}: {said}");
    }
}

#[test]
fn an_unreachable_server_has_its_own_exit_code() {
    let home = Home::new();
    let variables = [
        // The discard port: nothing listens there.
        ("LANGFUSE_BASE_URL", "http://127.0.0.1:9"),
        ("LANGFUSE_PUBLIC_KEY", "pk-lf-1"),
        ("LANGFUSE_SECRET_KEY", "sk-lf-1"),
    ];
    let output = home.command(&["doctor"]).envs(variables).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", text(&output.stderr));
}

#[test]
fn the_sample_comes_back_only_when_confirmed() {
    let home = Home::new();
    let (code, said) = failure(&mut home.command(&["sample", "--reset"]));
    assert_eq!(code, 2);
    assert!(said.contains("hint: add --yes"), "{said}");
    assert!(!home.0.path().join("data/workspace.db").exists());
    home.command(&["sample", "--reset", "--yes"]).assert().success();
    let told = text(&home.command(&["doctor"]).assert().success().get_output().stdout);
    assert!(told.contains("connection    embedded workspace\n") && told.contains("Sample project"), "{told}");
}

#[test]
fn doctor_changes_nothing() {
    let home = Home::new();
    let told = text(&home.command(&["doctor"]).assert().success().get_output().stdout);
    assert!(told.contains("made with sample data at first use"), "{told}");
    assert_eq!(fs::read_dir(home.0.path()).unwrap().count(), 0);
}
