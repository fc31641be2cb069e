//! Laid-out text: what a document looks like at one width, ready to be drawn window by window.
//!
//! [`crate::content`] builds rows off the UI thread; [`crate::ui`] only draws those in view. Styles
//! are named by meaning here and get their colours from the theme. Text in rows is always clean
//! ([`super::text::clean`]).

/// Who speaks, shown as a coloured bar at the left edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool's result.
    Tool,
    /// Somebody else.
    Other,
}

/// What a stretch of text means, for the theme to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    /// Ordinary text.
    #[default]
    Plain,
    /// Secondary text.
    Dim,
    /// Strong emphasis.
    Strong,
    /// Emphasis.
    Emphasis,
    /// Struck out.
    Struck,
    /// A heading.
    Heading,
    /// Inline code.
    Code,
    /// A link's text.
    Link,
    /// Quoted text.
    Quote,
    /// A rule, a table line, a list mark.
    Rule,
    /// A section title such as INPUT and OUTPUT.
    Section,
    /// The name of whoever speaks.
    Role(Role),
    /// A tool call's name.
    Tool,
    /// A key of an object or a field's name.
    Key,
    /// A text literal.
    String,
    /// A number.
    Number,
    /// `true`, `false`, `null`.
    Literal,
    /// Brackets and commas.
    Punctuation,
    /// A keyword in code.
    Keyword,
    /// A comment in code.
    Comment,
    /// A function's name in code.
    Function,
    /// A type's name in code.
    Type,
    /// Something failed.
    Error,
    /// Something is off.
    Warning,
    /// Something is good.
    Good,
}

/// A stretch of text with one meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Clean text without line breaks or tabs.
    pub text: String,
    /// Its meaning.
    pub tone: Tone,
}

impl Span {
    /// A span.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

/// One line on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// The bar at the left edge, which takes two columns of the width.
    pub bar: Option<Role>,
    /// What stands on it, left to right.
    pub spans: Vec<Span>,
}

impl Row {
    /// A row of one span.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { bar: None, spans: vec![Span::new(text, tone)] }
    }

    /// The text alone.
    #[must_use]
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }
}

/// A laid-out document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows {
    /// Columns it was laid out for.
    pub width: u16,
    /// Top to bottom.
    pub rows: Vec<Row>,
}

/// How an observation's content is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum View {
    /// Messages, Markdown, tool calls.
    #[default]
    Pretty,
    /// Indented JSON.
    Json,
    /// The text as it was recorded.
    Raw,
}

impl View {
    /// The view after this one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Pretty => Self::Json,
            Self::Json => Self::Raw,
            Self::Raw => Self::Pretty,
        }
    }

    /// Its name on the screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pretty => "pretty",
            Self::Json => "json",
            Self::Raw => "raw",
        }
    }
}
