//! `JSONPath` as far as mappings use it: names, positions, `*` and `..`.

use serde_json::Value as Json;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    Place(i64),
    All,
    /// The value itself and everything below it.
    Deep,
}

/// A selector of pieces of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

impl Path {
    /// Reads a path, or says why it cannot.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let unfit =
            || format!("the selector `{text}` is none that works here: use names, positions, * and ..");
        let mut rest = text.trim().strip_prefix('$').ok_or_else(unfit)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("..") {
                steps.push(Step::Deep);
                rest = after;
                if rest.starts_with('[') {
                    continue;
                }
                rest = name(rest, &mut steps).ok_or_else(unfit)?;
            } else if let Some(after) = rest.strip_prefix('.') {
                rest = name(after, &mut steps).ok_or_else(unfit)?;
            } else {
                rest = rest.strip_prefix('[').and_then(|rest| bracket(rest, &mut steps)).ok_or_else(unfit)?;
            }
        }
        Ok(Self(steps))
    }

    /// What the path selects: the value where there can be only one, otherwise all of them in a
    /// list. `None` where there is nothing.
    pub(super) fn select(&self, value: &Json) -> Option<Json> {
        let mut found = vec![value];
        for step in &self.0 {
            found = found.into_iter().flat_map(|value| step.of(value)).collect();
        }
        let is_one = self.0.iter().all(|step| matches!(step, Step::Name(_) | Step::Place(_)));
        match (is_one, found.as_slice()) {
            (_, []) => None,
            (true, [only, ..]) => Some((*only).clone()),
            (false, all) => Some(all.iter().map(|value| (*value).clone()).collect()),
        }
    }
}

impl Step {
    fn of<'a>(&self, value: &'a Json) -> Vec<&'a Json> {
        match (self, value) {
            (Self::Name(name), Json::Object(map)) => map.get(name).into_iter().collect(),
            (Self::Place(place), Json::Array(list)) => {
                let from_end =
                    usize::try_from(place.unsigned_abs()).ok().and_then(|n| list.len().checked_sub(n));
                let at = if *place < 0 { from_end } else { usize::try_from(*place).ok() };
                at.and_then(|at| list.get(at)).into_iter().collect()
            }
            (Self::All, _) => children(value),
            (Self::Deep, _) => {
                // A stack of its own, since values can be very deep.
                let (mut found, mut left) = (Vec::new(), vec![value]);
                while let Some(value) = left.pop() {
                    found.push(value);
                    left.extend(children(value).into_iter().rev());
                }
                found
            }
            _ => Vec::new(),
        }
    }
}

fn children(value: &Json) -> Vec<&Json> {
    match value {
        Json::Object(map) => map.values().collect(),
        Json::Array(list) => list.iter().collect(),
        _ => Vec::new(),
    }
}

/// A name or `*` behind a dot; gives what follows it.
fn name<'a>(text: &'a str, steps: &mut Vec<Step>) -> Option<&'a str> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    match name {
        "" => return None,
        "*" => steps.push(Step::All),
        name => steps.push(Step::Name(name.to_owned())),
    }
    Some(rest)
}

/// What stands between brackets, of which the first is read already; gives what follows them.
fn bracket<'a>(text: &'a str, steps: &mut Vec<Step>) -> Option<&'a str> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
    if let Some(quote) = quote {
        let (mut name, mut escaped) = (String::new(), false);
        for (at, c) in text.char_indices().skip(1) {
            match c {
                _ if escaped => {
                    name.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                c if c == quote => {
                    steps.push(Step::Name(name));
                    return text.get(at + 1..)?.strip_prefix(']');
                }
                c => name.push(c),
            }
        }
        return None;
    }
    let (inside, rest) = text.split_once(']')?;
    steps.push(if inside.trim() == "*" { Step::All } else { Step::Place(inside.trim().parse().ok()?) });
    Some(rest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pieces_are_selected() {
        let value = json!({
            "a": {"b c": [1, 2, {"name": "x"}], "it's": true}, "calls": [{"name": "y"}, {"name": "z"}],
        });
        for (path, wanted) in [
            ("$", Some(value.clone())),
            ("$.a['b c'][0]", Some(json!(1))),
            ("$['a'][\"b c\"][-1].name", Some(json!("x"))),
            ("$.a['it\\'s']", Some(json!(true))),
            ("$.calls[*].name", Some(json!(["y", "z"]))),
            ("$..name", Some(json!(["x", "y", "z"]))),
            ("$.a.*", Some(json!([[1, 2, {"name": "x"}], true]))),
            ("$.nothing", None),
            ("$.calls[7]", None),
            ("$.calls[-7]", None),
            ("$.none[*]", None),
        ] {
            assert_eq!(Path::read(path).unwrap().select(&value), wanted, "{path}");
        }
    }

    #[test]
    fn what_does_not_work_here_is_said() {
        for path in ["a", "$a", "$.", "$[", "$['a", "$['a'x]", "$[?(@.b)]", "$..", "$[1:2]", ""] {
            assert!(Path::read(path).is_err(), "{path}");
        }
    }
}
