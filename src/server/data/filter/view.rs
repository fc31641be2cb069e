//! What a list lets be filtered.

use super::Form;

/// What a column holds, and so which filters it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// The id of another row; none and an empty text are the same.
    Link,
    /// One of a few texts.
    Options,
    /// Input or output, which are searched by `=` or `matches` only.
    Payload,
    /// A time.
    Time,
    /// A number.
    Number,
    /// A boolean.
    Flag,
    /// A JSON array of texts.
    List,
    /// A JSON object.
    Metadata,
    /// Numeric scores by name.
    Numbers,
    /// Categorical scores by name.
    Categories,
    /// Boolean scores by name.
    Flags,
}

impl Kind {
    /// The form of filter it expects, as errors name it.
    pub fn form(self) -> Form {
        match self {
            Self::Text | Self::Link | Self::Payload => Form::Text,
            Self::Options => Form::Options,
            Self::Time => Form::Datetime,
            Self::Number => Form::Number,
            Self::Flag => Form::Flag,
            Self::List => Form::Array,
            Self::Metadata => Form::TextMember,
            Self::Numbers => Form::NumberMember,
            Self::Categories => Form::Categories,
            Self::Flags => Form::FlagMember,
        }
    }

    /// Whether it takes filters of this form.
    pub fn takes(self, form: Form) -> bool {
        match self {
            _ if form == Form::Null => true,
            Self::Text | Self::Link | Self::Options => matches!(form, Form::Text | Form::Options),
            Self::List => matches!(form, Form::Array | Form::Options),
            _ => form == self.form(),
        }
    }
}

/// A column that may be filtered.
#[derive(Debug)]
pub struct Column {
    /// As the API names it.
    pub id: &'static str,
    /// As the web pages name it, which filters may do too.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// An expression over a row.
    pub sql: &'static str,
}

/// The columns of one list.
#[derive(Debug)]
pub struct View {
    /// What may be filtered.
    pub columns: &'static [Column],
    /// Whether rows of the old data model also have their trace's metadata.
    pub inherits_metadata: bool,
}

impl View {
    /// The column of that id or name.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.id == name || column.name == name)
    }
}

/// A column.
pub const fn column(id: &'static str, name: &'static str, kind: Kind, sql: &'static str) -> Column {
    Column { id, name, kind, sql }
}
