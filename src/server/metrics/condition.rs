//! Conditions of a query as SQL: more lenient than the lists' filters about what goes with what.

use crate::server::data::filter::{Clause, Condition, Form, text};
use crate::server::http::reply::Problem;

/// What a column holds, and so which conditions it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// One value.
    One,
    /// A JSON array of texts.
    List,
    /// A JSON object.
    Object,
}

/// The condition over the expression `sql`, which is one of ours; or that its form does not go with
/// this column. What is absent counts as empty.
pub fn clause(condition: &Condition, sql: &str, holds: Holds) -> Result<Clause, Problem> {
    let form = condition.form();
    if !takes(holds, form) {
        let message = format!("Invalid filter type {} for column {}", form.name(), condition.column());
        return Err(Problem::Refused(message));
    }
    let filled = format!("ifnull({sql}, '')");
    Ok(match (form, holds) {
        (Form::Null, _) if condition.operator() == "is null" => (format!("{filled} = ''"), Vec::new()),
        (Form::Null, _) => (format!("{filled} <> ''"), Vec::new()),
        (_, Holds::List) => condition.array(sql),
        (_, Holds::Object) => condition.member(sql, false),
        (Form::Text, _) => text(&filled, condition.operator(), condition.text()),
        (Form::Options, _) => condition.options(&filled),
        _ => condition.comparison(sql),
    })
}

fn takes(holds: Holds, form: Form) -> bool {
    match holds {
        _ if form == Form::Null => true,
        Holds::List => matches!(form, Form::Options | Form::Array),
        Holds::Object => form == Form::TextMember,
        Holds::One => matches!(form, Form::Datetime | Form::Text | Form::Number | Form::Options | Form::Flag),
    }
}
