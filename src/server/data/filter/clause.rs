//! Conditions as SQL.

use rusqlite::types::Value as Arg;

use super::view::{Column, Kind, View};
use super::{Condition, Form, Operand};
use crate::server::data::sql::{Where, marks};
use crate::server::data::value::iso;
use crate::server::http::reply::Problem;

const NEEDS_TEXT: &str = "Input/output filters only support filter type `string`.";
const NEEDS_INDEX: &str = "Input/output filters require at least one `matches` or `=` operator.";
const NEEDS_WORD: &str = "`matches` requires at least one search token.";
const NEEDS_TARGET: &str = "`matches` is only supported for input, output, and metadata filters.";

/// What SQLite takes, less what the other parameters need.
const MOST_ARGUMENTS: usize = 10_000;

/// A metadata value as text, the way it was stored.
const MEMBER: &str = "iif(type IN ('true', 'false', 'null'), type, CAST(value AS TEXT))";

/// SQL with its arguments.
pub type Clause = (String, Vec<Arg>);

/// Adds the conditions and returns the expressions they are about.
pub fn add(sql: &mut Where, conditions: &[Condition], view: &View) -> Result<Vec<&'static str>, Problem> {
    refuse_payloads_as(conditions, view)?;
    let mut named = Vec::new();
    let (mut payloads, mut used) = (Vec::new(), 0);
    for condition in conditions.iter().filter(|c| c.form != Form::Position) {
        let column = condition.find(view)?;
        used += condition.add(sql, column, view);
        named.push(column.sql);
        if column.kind == Kind::Payload {
            payloads.push(condition.operator.as_str());
        }
    }
    if !payloads.is_empty() && !payloads.iter().any(|operator| matches!(*operator, "=" | "matches")) {
        return Err(refused(NEEDS_INDEX));
    }
    if used > MOST_ARGUMENTS { Err(refused("The filter is too long.")) } else { Ok(named) }
}

fn refuse_payloads_as(conditions: &[Condition], view: &View) -> Result<(), Problem> {
    let is_payload = |c: &Condition| view.column(&c.column).is_some_and(|found| found.kind == Kind::Payload);
    let is_wrong = conditions.iter().any(|c| is_payload(c) && c.form != Form::Text);
    if is_wrong { Err(refused(NEEDS_TEXT)) } else { Ok(()) }
}

fn refused(message: impl Into<String>) -> Problem {
    Problem::Refused(message.into())
}

impl Condition {
    /// Adds it, in a form that says which column it is about where that may lead, and returns how many
    /// arguments it has.
    fn add(&self, sql: &mut Where, column: &Column, view: &View) -> usize {
        if let Some((stored, values)) = self.wanted(column) {
            let count = values.len();
            sql.one_of(stored, values);
            return count;
        }
        if self.is_absence(column) {
            sql.holds(column.sql);
            return 0;
        }
        let (clause, args) = self.clause(column, view);
        let count = args.len();
        sql.and(clause, args);
        count
    }

    /// The stored column and which of its values are wanted, if that is what it says.
    fn wanted(&self, column: &Column) -> Option<(&'static str, Vec<Arg>)> {
        let values = match (self.form, self.operator.as_str()) {
            (Form::Text, "=") => vec![Arg::from(self.text().to_owned())],
            (Form::Options, "any of") => self.list(),
            _ => return None,
        };
        let is_text = matches!(column.kind, Kind::Text | Kind::Options | Kind::Link);
        let is_said = !values.is_empty() && !values.contains(&Arg::from(String::new()));
        let of_text = column.sql.strip_prefix("nullif(").and_then(|sql| sql.strip_suffix(", '')"));
        let stored = of_text.unwrap_or(column.sql);
        let is_stored = stored.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        (is_text && is_said && is_stored).then_some((stored, values))
    }

    /// Whether it says that something is absent, of which there is an index.
    fn is_absence(&self, column: &Column) -> bool {
        let Operand::Flag(flag) = self.value else { return false };
        column.sql.contains(" IS NULL") && flag == (self.operator == "=")
    }

    /// The column it is about, if the column takes it.
    fn find(&self, view: &View) -> Result<&'static Column, Problem> {
        let name = self.typed_column(view)?;
        let missing = || refused(format!("Column {name} does not match a UI / CH table mapping."));
        let column = view.column(name).ok_or_else(missing)?;
        if !self.fits(column, view) {
            return Err(refused(format!(
                "Invalid filter type '{}' for column '{}'. Expected filter type '{}'.",
                self.form.name(),
                self.column,
                column.kind.form().name()
            )));
        }
        if self.operator == "matches" {
            if !self.text().chars().any(char::is_alphanumeric) {
                return Err(refused(NEEDS_WORD));
            }
            if !matches!(column.kind, Kind::Payload | Kind::Metadata) {
                return Err(refused(NEEDS_TARGET));
            }
        }
        Ok(column)
    }

    /// The column's name; `scores` once stood for scores of every type.
    fn typed_column(&self, view: &View) -> Result<&str, Problem> {
        if !self.column.eq_ignore_ascii_case("scores") {
            return Ok(&self.column);
        }
        match self.form {
            Form::Categories => Ok("score_categories"),
            Form::NumberMember if view.column("scores_avg").is_none() => Ok(&self.column),
            Form::NumberMember => Ok("scores_avg"),
            Form::FlagMember => Ok("score_booleans"),
            other => Err(refused(format!(
                "Invalid filter type '{}' for legacy score column '{}'. Expected one of 'categoryOptions', \
                 'numberObject', or 'booleanObject'.",
                other.name(),
                self.column
            ))),
        }
    }

    /// Metadata of the old data model may also be compared as numbers and as categories.
    fn fits(&self, column: &Column, view: &View) -> bool {
        let is_old_metadata = column.kind == Kind::Metadata && !view.inherits_metadata;
        column.kind.takes(self.form)
            || is_old_metadata && matches!(self.form, Form::NumberMember | Form::Categories)
    }

    fn clause(&self, column: &Column, view: &View) -> Clause {
        match (self.form, column.kind) {
            (Form::Text | Form::Options, Kind::Link) => self.link(column.sql),
            (Form::Text, _) => text(column.sql, &self.operator, self.text()),
            (Form::Options, Kind::List) | (Form::Array, _) => self.array(column.sql),
            (Form::Options, _) => self.options(column.sql),
            (Form::Null, Kind::Link) => (format!("nullif({}, '') {}", column.sql, self.operator), Vec::new()),
            // A trace without scores has an empty list of them.
            (Form::Null, Kind::Numbers | Kind::Categories | Kind::Flags) => {
                (format!("0 {}", self.operator), Vec::new())
            }
            (Form::Null, _) => (format!("{} {}", column.sql, self.operator), Vec::new()),
            (_, Kind::Metadata) => self.member(column.sql, view.inherits_metadata),
            (_, Kind::Numbers | Kind::Categories | Kind::Flags) => self.scores(column.sql),
            _ => self.comparison(column.sql),
        }
    }

    /// The text it is about; empty if it is about something else.
    pub fn text(&self) -> &str {
        match &self.value {
            Operand::Text(text) => text,
            _ => "",
        }
    }

    fn list(&self) -> Vec<Arg> {
        let Operand::List(list) = &self.value else { return Vec::new() };
        let mut list = list.clone();
        list.sort_unstable();
        list.dedup();
        list.into_iter().map(Arg::from).collect()
    }

    /// A comparison with a time, a number or a boolean.
    pub fn comparison(&self, sql: &str) -> Clause {
        (format!("{sql} {} ?", self.operator), vec![self.plain()])
    }

    fn plain(&self) -> Arg {
        match &self.value {
            Operand::Number(n) => (*n).into(),
            Operand::Flag(flag) => i64::from(*flag).into(),
            Operand::Time(time) => iso(*time).into(),
            Operand::Text(_) | Operand::List(_) | Operand::None => Arg::Null,
        }
    }

    /// A condition on an id that may be missing; what excludes ids also excludes that.
    fn link(&self, sql: &str) -> Clause {
        let filled = format!("ifnull({sql}, '')");
        let (clause, args) = match self.form {
            Form::Text => text(&filled, &self.operator, self.text()),
            _ => self.options(&filled),
        };
        let excludes = matches!(self.operator.as_str(), "none of" | "does not contain");
        (if excludes { format!("{sql} <> '' AND {clause}") } else { clause }, args)
    }

    /// A condition on a text that is one of a few.
    pub fn options(&self, sql: &str) -> Clause {
        let args = self.list();
        let not = if self.operator == "any of" { "" } else { "NOT " };
        (format!("{sql} {not}IN ({})", marks(args.len())), args)
    }

    /// A condition on an array of texts.
    pub fn array(&self, sql: &str) -> Clause {
        let args = self.list();
        let count = format!(
            "(SELECT count(DISTINCT value) FROM json_each({sql}) WHERE value IN ({}))",
            marks(args.len())
        );
        let clause = match self.operator.as_str() {
            "any of" => format!("{count} > 0"),
            "none of" => format!("{count} = 0"),
            _ => format!("{count} = {}", args.len()),
        };
        (clause, args)
    }

    /// A condition on a metadata value. The new data model looks at keys that are there, and for rows of
    /// the old one at the trace's where they have none (`inherits`); the old one takes absent values for
    /// empty.
    pub fn member(&self, sql: &str, inherits: bool) -> Clause {
        let own = format!("json_each({sql})");
        let key = Arg::from(self.key.clone());
        if !inherits {
            let value = format!("ifnull((SELECT {MEMBER} FROM {own} WHERE key = ?), '')");
            let (clause, args) = self.value_clause(&value);
            return (clause, std::iter::once(key).chain(args).collect());
        }
        let (value, args) = self.value_clause(MEMBER);
        let clause = format!(
            "(EXISTS (SELECT 1 FROM {own} WHERE key = ? AND {value}) OR is_legacy = 1 \
             AND NOT EXISTS (SELECT 1 FROM {own} WHERE key = ?) \
             AND EXISTS (SELECT 1 FROM traces AS t, json_each(t.metadata) \
             WHERE t.id = observations.trace_id AND key = ? AND {value}))"
        );
        let mut all = vec![key.clone()];
        all.extend(args.clone());
        all.extend([key.clone(), key]);
        all.extend(args);
        (clause, all)
    }

    fn value_clause(&self, value: &str) -> Clause {
        match self.form {
            Form::NumberMember => (format!("CAST({value} AS REAL) {} ?", self.operator), vec![self.plain()]),
            Form::Categories => self.options(value),
            _ if self.operator == "matches" => words(value, self.text(), false),
            _ => text(value, &self.operator, self.text()),
        }
    }

    /// A condition on the scores of a trace, by their name.
    fn scores(&self, data_type: &str) -> Clause {
        let scores = format!(
            "SELECT 1 FROM scores AS s WHERE s.trace_id = traces.id AND s.data_type = '{data_type}' AND s.name = ?"
        );
        let mut args = vec![Arg::from(self.key.clone())];
        let clause = match self.form {
            Form::NumberMember => {
                args.push(self.plain());
                format!("EXISTS ({scores} GROUP BY s.name HAVING avg(s.number) {} ?)", self.operator)
            }
            Form::FlagMember => {
                args.push(self.plain());
                let not = if self.operator == "=" { "" } else { "NOT " };
                format!("{not}EXISTS ({scores} AND s.number = ?)")
            }
            _ => {
                let list = self.list();
                let not = if self.operator == "any of" { "" } else { "NOT " };
                let clause = format!("{not}EXISTS ({scores} AND s.text IN ({}))", marks(list.len()));
                args.extend(list);
                clause
            }
        };
        (clause, args)
    }
}

/// A condition on an expression that is a text.
pub fn text(sql: &str, operator: &str, value: &str) -> Clause {
    let length = value.chars().count();
    let clause = match operator {
        "contains" => format!("instr({sql}, ?) > 0"),
        "does not contain" => format!("instr({sql}, ?) = 0"),
        "starts with" => format!("substr({sql}, 1, {length}) = ?"),
        "ends with" if length > 0 => format!("substr({sql}, -{length}) = ?"),
        "ends with" => format!("instr({sql}, ?) = 1"),
        "matches" => return words(sql, value, true),
        _ => format!("{sql} = ?"),
    };
    (clause, vec![Arg::from(value.to_owned())])
}

/// The value occurs, and its words do so as whole words. Letters are ASCII letters and digits and
/// everything beyond ASCII.
fn words(sql: &str, value: &str, any_case: bool) -> Clause {
    const EDGE: &str = "[^0-9A-Za-z\u{80}-\u{10FFFF}]";
    let (field, value) = if any_case {
        (format!("lower({sql})"), value.to_ascii_lowercase())
    } else {
        (sql.to_owned(), value.to_owned())
    };
    let mut words: Vec<&str> =
        value.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.sort_unstable();
    words.dedup();
    // Longer patterns are refused by SQLite; that the whole value occurs is asked in any case.
    words.retain(|word| word.len() < 10_000);
    let mut clauses = vec![format!("instr({field}, ?) > 0")];
    let mut args = vec![Arg::from(value.clone())];
    for word in words.into_iter().take(64) {
        clauses.push(format!("' ' || {field} || ' ' GLOB ?"));
        args.push(Arg::from(format!("*{EDGE}{word}{EDGE}*")));
    }
    (format!("({})", clauses.join(" AND ")), args)
}
