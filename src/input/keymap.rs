//! Which key does what where: the defaults and what the user changed.

use std::fmt;

use super::{ACTIONS, Action, Context, Key, place};

/// The keys in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// In the table's order, so that the first key of an action is the one to show.
    bindings: Vec<(Context, Key, Action)>,
}

/// One wish of the user: these keys, and no others, for an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Name of the action.
    pub action: String,
    /// Name of the context, or everywhere the action exists.
    pub context: Option<String>,
    /// The keys as text; none takes the action's keys away.
    pub keys: Vec<String>,
}

/// One wish that cannot be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeymapProblem {
    /// Index of the [`Override`].
    pub index: usize,
    /// What is wrong with it, to whom.
    pub what: String,
}

/// Every wish that cannot be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeymapError {
    /// In the order of the overrides; never empty.
    pub problems: Vec<KeymapProblem>,
}

impl fmt::Display for KeymapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<&str> = self.problems.iter().map(|problem| problem.what.as_str()).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for KeymapError {}

impl Default for Keymap {
    fn default() -> Self {
        let mut bindings = Vec::new();
        for spec in ACTIONS {
            for (contexts, keys) in spec.keys {
                for context in *contexts {
                    // Every default key parses; a test holds the table to it.
                    let keys = keys.iter().filter_map(|text| text.parse().ok());
                    bindings.extend(keys.map(|key| (*context, key, spec.action)));
                }
            }
        }
        Self { bindings }
    }
}

impl Keymap {
    /// What a key does where these contexts are active; the first that binds it wins.
    pub fn lookup(&self, contexts: &[Context], key: Key) -> Option<Action> {
        let bound = |context| self.bindings.iter().find(|(c, k, _)| *c == context && *k == key);
        contexts.iter().find_map(|context| bound(*context)).map(|(_, _, action)| *action)
    }

    /// The keys that do this where these contexts are active, the one to show first.
    pub fn keys_for(&self, contexts: &[Context], action: Action) -> Vec<Key> {
        let mut keys = Vec::new();
        for context in contexts {
            for (_, key, _) in self.bindings.iter().filter(|(c, _, a)| c == context && *a == action) {
                if !keys.contains(key) && self.lookup(contexts, *key) == Some(action) {
                    keys.push(*key);
                }
            }
        }
        keys
    }

    /// The defaults with the user's wishes in their place.
    ///
    /// # Errors
    /// Lists every wish that names an unknown action, context or key, takes a key that is needed
    /// there for something else, or clashes with another action of the same place.
    pub fn with_overrides(overrides: &[Override]) -> Result<Self, KeymapError> {
        let mut keymap = Self::default();
        let mut problems = Vec::new();
        let mut changed = Vec::new();
        for (index, wish) in overrides.iter().enumerate() {
            match resolve(wish) {
                Ok((action, contexts, keys)) => {
                    keymap.rebind(action, &contexts, &keys);
                    changed.push((index, action, contexts, keys));
                }
                Err(what) => problems.extend(what.into_iter().map(|what| KeymapProblem { index, what })),
            }
        }
        // Only now, since two wishes may swap keys.
        for (index, action, contexts, keys) in changed {
            let clashes = keymap.clashes(action, &contexts, &keys);
            problems.extend(clashes.into_iter().map(|what| KeymapProblem { index, what }));
        }
        problems.sort_by_key(|problem| problem.index);
        if problems.is_empty() { Ok(keymap) } else { Err(KeymapError { problems }) }
    }

    fn rebind(&mut self, action: Action, contexts: &[Context], keys: &[Key]) {
        self.bindings.retain(|(context, _, bound)| *bound != action || !contexts.contains(context));
        for context in contexts {
            self.bindings.extend(keys.iter().map(|key| (*context, *key, action)));
        }
    }

    /// Actions that share one of the keys in a place where both are active.
    fn clashes(&self, action: Action, contexts: &[Context], keys: &[Key]) -> Vec<String> {
        let mut clashes = Vec::new();
        for key in keys {
            let together = |context: &Context| {
                place::ALL
                    .iter()
                    .any(|place| place.contains(context) && contexts.iter().any(|mine| place.contains(mine)))
            };
            let other = self
                .bindings
                .iter()
                .find(|(context, bound, other)| bound == key && *other != action && together(context));
            if let Some((context, _, other)) = other {
                clashes.push(format!(
                    "`{key}` cannot be both `{}` and `{}` (in `{}`)",
                    action.name(),
                    other.name(),
                    context.name(),
                ));
            }
        }
        clashes
    }
}

/// Turns names into what they name, or says what each wrong name is.
fn resolve(wish: &Override) -> Result<(Action, Vec<Context>, Vec<Key>), Vec<String>> {
    let Some(action) = Action::by_name(&wish.action) else {
        return Err(vec![format!("`{}` is not an action", wish.action)]);
    };
    let contexts = contexts(action, wish.context.as_deref()).map_err(|what| vec![what])?;
    let mut keys = Vec::new();
    let mut problems = Vec::new();
    for text in &wish.keys {
        match text.parse::<Key>() {
            Err(error) => problems.push(error.to_string()),
            Ok(key) => match contexts.iter().find_map(|context| reserved(*context, key)) {
                Some(what) => problems.push(what),
                None => keys.push(key),
            },
        }
    }
    if problems.is_empty() { Ok((action, contexts, keys)) } else { Err(problems) }
}

fn contexts(action: Action, named: Option<&str>) -> Result<Vec<Context>, String> {
    let all: Vec<Context> = action.spec().contexts().collect();
    let Some(named) = named else { return Ok(all) };
    let Some(context) = Context::ALL.iter().find(|context| context.name() == named) else {
        return Err(format!("`{named}` is not a place"));
    };
    if all.contains(context) {
        return Ok(vec![*context]);
    }
    let places: Vec<&str> = all.iter().map(|context| context.name()).collect();
    Err(format!("`{}` does not exist in `{named}`, only in: {}", action.name(), places.join(", ")))
}

/// Why a key cannot be bound in a context: it is needed for something that is no action.
fn reserved(context: Context, key: Key) -> Option<String> {
    // Keys of the global and screen contexts reach every place, so they keep off what is needed there.
    let reached = place::ALL.iter().filter(|place| place.contains(&context)).flat_map(|place| place.iter());
    for place in reached {
        if key.digit().is_some() && place.fixed().is_some() {
            return Some(format!("`{key}` is taken by the digits of `{}`", place.name()));
        }
        if key.typed().is_some() && place.takes_text() {
            return Some(format!("`{key}` could then not be typed in `{}`", place.name()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use std::collections::HashSet;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    fn wish(action: &str, context: Option<&str>, keys: &[&str]) -> Override {
        Override {
            action: action.into(),
            context: context.map(Into::into),
            keys: keys.iter().map(|key| (*key).into()).collect(),
        }
    }

    #[test]
    fn the_table_is_whole() {
        let mut names = HashSet::new();
        for (index, spec) in ACTIONS.iter().enumerate() {
            assert_eq!(spec.action as usize, index, "{} is out of order", spec.name);
            assert!(names.insert(spec.name), "{} is there twice", spec.name);
            let kebab: String = format!("{:?}", spec.action)
                .chars()
                .flat_map(|c| c.is_uppercase().then_some('-').into_iter().chain(c.to_lowercase()))
                .collect();
            assert_eq!(format!("-{}", spec.name), kebab);
            assert!(!spec.doc.is_empty() && !spec.hint.is_empty(), "{} has no words", spec.name);
            assert!(spec.hint.split(' ').count() <= 2, "{} has a long hint", spec.name);
            assert!(spec.contexts().next().is_some(), "{} exists nowhere", spec.name);
            assert!(Context::ALL.iter().all(|context| context.name() != spec.name));
        }
    }

    #[test]
    fn every_default_key_reads_and_prints_back() {
        for spec in ACTIONS {
            for text in spec.keys.iter().flat_map(|(_, keys)| keys.iter()) {
                assert_eq!(key(text).to_string(), *text, "{}", spec.name);
            }
        }
    }

    #[test]
    fn no_default_key_means_two_things_in_one_place() {
        let keymap = Keymap::default();
        for place in place::ALL {
            let mut seen: HashSet<Key> = HashSet::new();
            for (context, key, action) in &keymap.bindings {
                if place.contains(context) {
                    assert!(seen.insert(*key), "`{key}` is bound twice in {place:?}, last by {action:?}");
                    assert_eq!(reserved(*context, *key), None);
                }
            }
        }
    }

    #[test]
    fn the_same_key_means_what_the_place_says() {
        let keymap = Keymap::default();
        let cases = [
            ("j", place::ITEMS, Some(Action::Down)),
            ("j", place::REVIEW, Some(Action::ScrollDown)),
            ("n", place::REVIEW, Some(Action::FindNext)),
            ("n", place::SUMMARY, Some(Action::NextQueue)),
            ("r", place::UNSENT, Some(Action::Retry)),
            ("r", place::VIEWER, None),
            ("q", place::EDITOR, None),
            ("q", place::VIEWER, Some(Action::Close)),
            ("Esc", place::REVIEW, Some(Action::Cancel)),
            ("Esc", place::EDITOR, Some(Action::Close)),
            ("Ctrl-c", place::PROMPT, Some(Action::Quit)),
            ("Space", place::REVIEW, Some(Action::CompleteNext)),
            ("5", place::REVIEW, None),
        ];
        for (text, place, action) in cases {
            assert_eq!(keymap.lookup(place, key(text)), action, "{text} in {place:?}");
        }
    }

    #[test]
    fn keys_for_lists_what_works_there() {
        let keymap = Keymap::default();
        assert_eq!(keymap.keys_for(place::REVIEW, Action::NextItem), [key("J"), key("→")]);
        assert_eq!(keymap.keys_for(place::ITEMS, Action::NextItem), []);
    }

    #[test]
    fn wishes_take_the_place_of_the_defaults() {
        let keymap = Keymap::with_overrides(&[
            wish("skip", None, &["x"]),
            wish("down", Some("items"), &["Ctrl-n"]),
            wish("fold", None, &["l"]),
            wish("unfold", None, &["h"]),
            wish("open-in-browser", None, &[]),
        ])
        .unwrap();
        let cases = [
            ("x", place::REVIEW, Some(Action::Skip)),
            ("s", place::REVIEW, None),
            ("Ctrl-n", place::ITEMS, Some(Action::Down)),
            ("j", place::ITEMS, None),
            ("j", place::QUEUES, Some(Action::Down)),
            ("l", place::REVIEW, Some(Action::Fold)),
            ("h", place::REVIEW, Some(Action::Unfold)),
            ("o", place::REVIEW, None),
        ];
        for (text, place, action) in cases {
            assert_eq!(keymap.lookup(place, key(text)), action, "{text} in {place:?}");
        }
    }

    #[test]
    fn every_bad_wish_is_named() {
        let cases = [
            (wish("jump", None, &["x"]), "`jump` is not an action"),
            (wish("skip", Some("nowhere"), &["x"]), "`nowhere` is not a place"),
            (wish("skip", Some("items"), &["x"]), "`skip` does not exist in `items`, only in: moving"),
            (
                wish("skip", None, &["Hyper-x"]),
                "`Hyper-x` is not a key; keys are written like `j`, `Space`, `Ctrl-s`, `Shift-Tab`, `F5`, `Up`",
            ),
            (wish("skip", None, &["c"]), "`c` cannot be both `skip` and `comment` (in `deciding`)"),
            (wish("quit", None, &["j"]), "`j` could then not be typed in `editor`"),
            (wish("skip", None, &["3"]), "`3` is taken by the digits of `deciding`"),
            (wish("help", None, &["0"]), "`0` is taken by the digits of `queues`"),
            (wish("save", None, &["x"]), "`x` could then not be typed in `editor`"),
        ];
        let wishes: Vec<Override> = cases.iter().map(|(wish, _)| wish.clone()).collect();
        let error = Keymap::with_overrides(&wishes).unwrap_err();
        for (index, (_, what)) in cases.iter().enumerate() {
            let said: Vec<&str> = error
                .problems
                .iter()
                .filter(|problem| problem.index == index)
                .map(|problem| problem.what.as_str())
                .collect();
            assert_eq!(said, [*what], "wish {index}");
        }
    }
}
