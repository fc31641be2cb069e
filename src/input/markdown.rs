//! The table of keys as a page to read.

use super::{ACTIONS, ActionSpec, Context};

const INTRO: &str = "\
# Keys

Every key can be changed in `keymap.toml` in the configuration directory (`tracemark doctor` says
where that is):

```toml
# Everywhere the action exists; one key or a list.
skip = \"x\"
complete-next = [\"Space\", \"Ctrl-Enter\"]

# In one place only.
[items]
down = [\"j\", \"Down\"]
```

Keys are written `j`, `?`, `Space`, `Enter`, `Ctrl-s`, `Alt-Enter`, `Shift-Tab`, `F5`, `Up`. An empty
list takes an action's keys away. A place that does not bind a key leaves it to `screen`, then to
`global`.
";

/// `docs/KEYS.md`: every action with its default keys, by context.
pub fn keys_markdown() -> String {
    let mut page = INTRO.to_owned();
    for context in Context::ALL {
        page.push_str(&section(*context));
    }
    page.push_str("\nThis page is made from the table in the program: `cargo run -- keys > docs/KEYS.md`.\n");
    page
}

fn section(context: Context) -> String {
    let head = format!("\n## {} (`{}`)\n", context.title(), context.name());
    let mut lines = vec![head, "| keys | action | what it does |".into(), "|---|---|---|".into()];
    lines.extend(context.fixed().map(|(keys, what)| format!("| `{keys}` | | {what} |")));
    for spec in ACTIONS {
        let keys = default_keys(spec, context);
        if !keys.is_empty() {
            let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            lines.push(format!("| {} | `{}` | {} |", keys.join(" "), spec.name, spec.doc));
        }
    }
    lines.join("\n") + "\n"
}

fn default_keys(spec: &ActionSpec, context: Context) -> Vec<&'static str> {
    let here = spec.keys.iter().filter(|(contexts, _)| contexts.contains(&context));
    here.flat_map(|(_, keys)| keys.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_docs_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/KEYS.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            page == keys_markdown(),
            "docs/KEYS.md is out of date; make it anew with `cargo run -- keys > docs/KEYS.md`"
        );
    }
}
