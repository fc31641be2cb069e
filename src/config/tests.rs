//! Settings as a user meets them: files in three directories, an environment, flags.

use crate::domain::Independent;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

use pretty_assertions::assert_eq;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::*;
use crate::input::{Action, place};

type Variables<'a> = &'a [(&'a str, &'a str)];

/// Three directories and an environment.
struct Home {
    dir: TempDir,
    env: HashMap<String, String>,
}

impl Home {
    fn new(env: Variables) -> Self {
        let dir = TempDir::new().unwrap();
        let mut all: HashMap<String, String> =
            env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        for part in ["CONFIG", "DATA", "STATE"] {
            let path = dir.path().join(part.to_lowercase());
            all.insert(format!("TRACEMARK_{part}_DIR"), path.display().to_string());
        }
        Self { dir, env: all }
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::create_dir_all(self.dir.path().join("config")).unwrap();
        fs::write(self.dir.path().join("config").join(name), text).unwrap();
        self
    }

    fn load(&self, flags: &Flags) -> Result<Config, ConfigError> {
        Config::load(flags, &|name| self.env.get(name).cloned())
    }

    /// The error's message, with the directory's name left out.
    fn error(&self, flags: &Flags) -> ConfigError {
        let error = self.load(flags).unwrap_err();
        let dir = format!("{}/", self.dir.path().join("config").display());
        ConfigError { message: error.message.replace(&dir, ""), ..error }
    }
}

const SERVER: [(&str, &str); 3] = [
    ("LANGFUSE_BASE_URL", "https://langfuse.example/"),
    ("LANGFUSE_PUBLIC_KEY", "pk-lf-1"),
    ("LANGFUSE_SECRET_KEY", "sk-lf-1"),
];

const PROFILES: &str = r#"
default = "work"
[profiles.work]
base_url = "https://work.example"
public_key = "pk-lf-work"
secret_key = "sk-lf-work"
annotator = "Ada"
author_user_id = "user-1"
[profiles.home]
base_url = "http://localhost:3000"
public_key = "pk-lf-home"
secret_key = "sk-lf-home"
"#;

fn name(destination: &Destination) -> &str {
    match destination {
        Destination::Embedded => EMBEDDED,
        Destination::Server { name, .. } => name,
    }
}

#[test]
fn without_any_file_everything_has_a_default() {
    let config = Home::new(&[("USER", "ada")]).load(&Flags::default()).unwrap();
    assert_eq!(config.annotator, "ada");
    assert_eq!(config.hold, Duration::from_secs(10));
    assert_eq!(config.independent, Independent::None);
    assert_eq!(config.cache, Some(500_000_000));
    assert!(!config.ascii && config.color);
    assert!(matches!(config.destination, Destination::Embedded));
    assert_eq!(config.keymap, Keymap::default());
}

#[test]
fn settings_are_read() {
    let text = "annotator = \"Ada\"\nauthor_user_id = \"u1\"\nhold = \"0s\"\nindependent = [\"Gold\"]\nascii = true\n";
    let config = Home::new(&[]).file("config.toml", text).load(&Flags::default()).unwrap();
    assert_eq!(config.annotator, "Ada");
    assert_eq!(config.author_user_id.as_deref(), Some("u1"));
    assert_eq!(config.hold, Duration::ZERO);
    assert!(config.independent.includes("Gold", "q1") && !config.independent.includes("Silver", "q2"));
    assert!(config.ascii);
}

#[test]
fn the_size_of_the_cache_is_read_strictly() {
    let cases = [
        ("\"500 MB\"", Some(Some(500_000_000))),
        ("\"1MB\"", Some(Some(1_000_000))),
        ("\"20 GB\"", Some(Some(20_000_000_000))),
        ("\"off\"", Some(None)),
        ("\"\"", None),
        ("\"MB\"", None),
        ("\"500\"", None),
        ("\"500 mb\"", None),
        ("\"500  MB\"", None),
        ("\" 500 MB\"", None),
        ("\"+5 MB\"", None),
        ("\"-5 MB\"", None),
        ("\"1.5 GB\"", None),
        ("\"0 MB\"", None),
        ("\"99999999999999999999 MB\"", None),
        ("\"18446744073709551615 GB\"", None),
        ("\"Off\"", None),
        ("500", None),
        ("false", None),
    ];
    for (text, expected) in cases {
        let home = Home::new(&[]).file("config.toml", &format!("cache = {text}"));
        match expected {
            Some(cache) => assert_eq!(home.load(&Flags::default()).unwrap().cache, cache, "{text}"),
            None => assert_eq!(
                home.error(&Flags::default()).message,
                "config.toml:1: `cache` must be a size such as \"500 MB\" or \"2 GB\", or \"off\" to keep \
                 nothing",
                "{text}"
            ),
        }
    }
}

#[test]
fn every_bad_setting_is_named_with_its_line() {
    let text = "\nhold = \"soon\"\nindependent = 3\ncolour = true\nascii = \"yes\"\nannotator = \" \"\n";
    let error = Home::new(&[]).file("config.toml", text).error(&Flags::default());
    let expected = "\
config.toml:2: `hold` must be a time such as \"10s\", or \"0s\" to send at once
config.toml:3: `independent` must be true, false or a list of queues
config.toml:4: `colour` is not a setting; there are: annotator, author_user_id, hold, independent, cache, ascii
config.toml:5: `ascii` must be true or false, not a text
config.toml:6: `annotator` must not be empty";
    assert_eq!(error.message, expected);
}

#[test]
fn bad_values_and_broken_files_are_errors() {
    let cases = [
        ("config.toml", "hold = \"11m\"", "config.toml:1: `hold` must be at most \"10m\""),
        (
            "config.toml",
            "hold = \"-1s\"",
            "config.toml:1: `hold` must be a time such as \"10s\", or \"0s\" to send at once",
        ),
        ("config.toml", "independent = [1]", "config.toml:1: `independent` must be a text, not a number"),
        ("keymap.toml", "jump = \"x\"\n", "keymap.toml:1: `jump` is not an action"),
        (
            "keymap.toml",
            "\n[items]\nskip = \"x\"",
            "keymap.toml:3: `skip` does not exist in `items`, only in: moving",
        ),
        ("keymap.toml", "skip = 3", "keymap.toml:1: `skip` must be a text, not a number"),
        (
            "keymap.toml",
            "skip = \"c\"",
            "keymap.toml:1: `c` cannot be both `skip` and `comment` (in `deciding`)",
        ),
        ("profiles.toml", "default = \"x\"", "profiles.toml:1: `default` names `x`, which is no profile"),
        ("profiles.toml", "profiles = 1", "profiles.toml:1: `profiles` must be tables, `[profiles.NAME]`"),
        ("profiles.toml", "[work]", "profiles.toml:1: `work` is not known here"),
        (
            "profiles.toml",
            "[profiles.w]\nbase_url = \"https://x.example\"\npublic_key = 1\ntoken = \"\"\n",
            "profiles.toml:3: `public_key` must be a text, not a number\n\
             profiles.toml:4: `token` is not known in a profile\n\
             profiles.toml:1: profile `w` needs `public_key`\n\
             profiles.toml:1: profile `w` needs `secret_key`",
        ),
    ];
    for (file, text, message) in cases {
        let error = Home::new(&[]).file(file, text).error(&Flags::default());
        assert_eq!(error.message, message, "{file}: {text}");
    }
    let error = Home::new(&[]).file("config.toml", "hold = \n").error(&Flags::default());
    assert!(error.message.starts_with("config.toml:1: "), "{}", error.message);
}

#[test]
fn keys_of_a_place_and_of_all_places() {
    let text = "skip = \"x\"\n[items]\ndown = [\"Ctrl-n\", \"Down\"]\n";
    let keymap = Home::new(&[]).file("keymap.toml", text).load(&Flags::default()).unwrap().keymap;
    let keys =
        |place, action| keymap.keys_for(place, action).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(keys(place::REVIEW, Action::Skip), ["x"]);
    assert_eq!(keys(place::ITEMS, Action::Down), ["Ctrl-n", "↓"]);
    assert_eq!(keys(place::QUEUES, Action::Down), ["j", "↓"]);
}

#[test]
fn the_first_connection_that_is_there_wins() {
    let cases: [(Option<&str>, bool, bool, &str); 7] = [
        (None, false, false, "embedded"),
        (None, false, true, "work"),
        (None, true, false, "langfuse.example"),
        (None, true, true, "langfuse.example"),
        (Some("home"), true, true, "home"),
        (Some("embedded"), true, true, "embedded"),
        (Some("work"), false, true, "work"),
    ];
    for (profile, environment, stored, expected) in cases {
        let mut home = Home::new(if environment { &SERVER } else { &[] });
        if stored {
            home = home.file("profiles.toml", PROFILES);
        }
        let flags = Flags { profile: profile.map(Into::into), ..Flags::default() };
        let config = home.load(&flags).unwrap();
        assert_eq!(name(&config.destination), expected, "{profile:?} {environment} {stored}");
    }
}

#[test]
fn the_older_name_of_the_address_works_and_empty_variables_count_as_unset() {
    let env = [("LANGFUSE_BASE_URL", ""), ("LANGFUSE_HOST", "http://localhost:3000"), SERVER[1], SERVER[2]];
    let config = Home::new(&env).load(&Flags::default()).unwrap();
    let Destination::Server { name, base_url, public_key, secret_key } = config.destination else {
        panic!("a server was named")
    };
    assert_eq!((name.as_str(), base_url.as_str()), ("localhost:3000", "http://localhost:3000"));
    assert_eq!((public_key.as_str(), secret_key.expose_secret()), ("pk-lf-1", "sk-lf-1"));
}

#[test]
fn a_half_set_environment_names_what_is_missing() {
    let (url, public, secret) = (SERVER[0], SERVER[1], SERVER[2]);
    let host = ("LANGFUSE_HOST", "https://x.example");
    let cases: [(Variables, &str); 5] = [
        (&[url, public], "LANGFUSE_SECRET_KEY is not set, but LANGFUSE_BASE_URL and LANGFUSE_PUBLIC_KEY are"),
        (&[url, secret], "LANGFUSE_PUBLIC_KEY is not set, but LANGFUSE_BASE_URL and LANGFUSE_SECRET_KEY are"),
        (
            &[public, secret],
            "LANGFUSE_BASE_URL is not set, but LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are",
        ),
        (&[host], "LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not set, but LANGFUSE_HOST is"),
        (&[url, ("LANGFUSE_PUBLIC_KEY", "sk-lf-1"), secret], "LANGFUSE_PUBLIC_KEY holds a secret key"),
    ];
    for (env, message) in cases {
        let error = Home::new(env).file("profiles.toml", PROFILES).error(&Flags::default());
        assert_eq!(error.message, message);
        assert!(error.hint.is_some());
        assert!(!format!("{error:?}").contains("sk-lf-1"));
    }
}

#[test]
fn addresses_are_checked_and_say_what_is_wrong() {
    let cases = [
        ("https://x.example/", Ok("https://x.example")),
        (" http://localhost:3000/base/ ", Ok("http://localhost:3000/base")),
        ("x.example", Err("`x.example` is not the address of a server: it needs http:// or https://")),
        (
            "ftp://x.example",
            Err("`ftp://x.example` is not the address of a server: it needs http:// or https://"),
        ),
        ("https://", Err("`https://` is not the address of a server: empty host")),
        (
            "https://x.example/?a=b",
            Err("`https://x.example/?a=b` is not the address of a server: it must end before `?` and `#`"),
        ),
        ("https://pk:sk@x.example", Err("the address of the server holds a user name or password")),
    ];
    for (text, expected) in cases {
        let checked = check_url(text);
        let found = checked.as_deref().map_err(|error| error.message.as_str());
        assert_eq!(found, expected);
    }
    let hint = check_url("localhost:3000").unwrap_err().hint;
    assert_eq!(hint.as_deref(), Some("did you mean `http://localhost:3000`?"));
}

#[test]
fn the_nearest_name_of_the_annotator_wins() {
    let cases = [
        (Some("flag"), true, true, "flag"),
        (None, true, true, "Ada"),
        (None, false, true, "file"),
        (None, false, false, "system"),
    ];
    for (flag, profile, file, expected) in cases {
        let mut home = Home::new(&[("USER", "system")]);
        if profile {
            home = home.file("profiles.toml", PROFILES);
        }
        if file {
            home = home.file("config.toml", "annotator = \"file\"");
        }
        let flags = Flags { annotator: flag.map(Into::into), ..Flags::default() };
        assert_eq!(home.load(&flags).unwrap().annotator, expected);
    }
    assert_eq!(Home::new(&[]).load(&Flags::default()).unwrap().annotator, "reviewer");
    assert_eq!(Home::new(&[("LOGNAME", "log")]).load(&Flags::default()).unwrap().annotator, "log");
}

#[test]
fn ascii_and_colour_follow_the_terminal() {
    let cases: [(Variables, bool, bool); 8] = [
        (&[], false, true),
        (&[("LANG", "de_DE.UTF-8")], false, true),
        (&[("LANG", "C")], true, true),
        (&[("LANG", "C.utf8")], false, true),
        (&[("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")], true, true),
        (&[("TERM", "linux"), ("LANG", "en_US.UTF-8")], true, true),
        (&[("NO_COLOR", "1")], false, false),
        (&[("NO_COLOR", "")], false, true),
    ];
    for (env, ascii, color) in cases {
        let config = Home::new(env).load(&Flags::default()).unwrap();
        assert_eq!((config.ascii, config.color), (ascii, color), "{env:?}");
    }
    let flags = Flags { ascii: true, ..Flags::default() };
    assert!(Home::new(&[]).file("config.toml", "ascii = false").load(&flags).unwrap().ascii);
}

#[test]
fn an_unknown_profile_names_those_there_are() {
    let flags = Flags { profile: Some("wrk".into()), ..Flags::default() };
    let error = Home::new(&[]).file("profiles.toml", PROFILES).error(&flags);
    assert_eq!(error.message, "there is no profile `wrk`");
    assert!(error.hint.unwrap().ends_with("there are: home, work, embedded"));
}

#[test]
fn profiles_survive_writing_and_are_private() {
    let home = Home::new(&[]).file("profiles.toml", PROFILES);
    let dirs = home.load(&Flags::default()).unwrap().dirs;
    let mut profiles = Profiles::read(&dirs).unwrap();
    let odd = Profile { annotator: Some("\"Ada\"\\\n".into()), ..profiles.by_name["home"].clone() };
    profiles.by_name.insert("a b.\"c\"".into(), odd);
    profiles.write(&dirs).unwrap();
    let again = Profiles::read(&dirs).unwrap();
    assert_eq!(format!("{again:?}"), format!("{profiles:?}"));
    assert_eq!(again.by_name["work"].secret_key.expose_secret(), "sk-lf-work");
    assert!(!format!("{again:?}").contains("sk-lf"), "secrets stay out of the debug form");
    assert_eq!(mode(&dirs.profiles()), 0o600);
    assert_eq!(mode(&dirs.config), 0o700);
    assert_eq!(fs::read_dir(&dirs.config).unwrap().count(), 1, "nothing is left over");
}

#[test]
fn directories_are_closed_to_others_but_shared_ones_are_left_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new().unwrap();
    let new = dir.path().join("a/b");
    ensure_private_dir(&new).unwrap();
    assert_eq!(mode(&new), 0o700);
    let open = dir.path().join("open");
    fs::create_dir(&open).unwrap();
    for (before, after, fine) in [(0o755, 0o700, true), (0o1777, 0o1777, false)] {
        fs::set_permissions(&open, fs::Permissions::from_mode(before)).unwrap();
        assert_eq!(ensure_private_dir(&open).is_ok(), fine);
        assert_eq!(mode(&open), after);
    }
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
