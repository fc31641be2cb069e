//! Evaluators: how something is scored without a person, by a model that judges or by a program.

use uuid::Uuid;

use super::{ScoreId, Target};

/// An evaluator in its latest version.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluator {
    /// Stays over all versions.
    pub id: String,
    /// What its scores are called, too.
    pub name: String,
    /// What people say about it.
    pub description: Option<String>,
    /// Counts from 1.
    pub version: u64,
    /// What it does.
    pub work: Work,
    /// The names a prompt wants filled.
    pub variables: Vec<String>,
    /// What fills them where no rule says.
    pub mapping: Option<Vec<Filling>>,
    /// How many rules use it.
    pub rules: usize,
}

/// What an evaluator does.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// A model is asked.
    Judge(Judge),
    /// A program runs.
    Program(Program),
    /// Something this version does not know, in the server's words.
    Other(String),
}

/// What a model is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Judge {
    /// The conversation, with `{{name}}` where a variable goes.
    pub prompt: Vec<Message>,
    /// The model, if the evaluator names one.
    pub model: Option<String>,
    /// What an answer must look like.
    pub verdict: Verdict,
}

/// A message to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// Its text.
    pub content: String,
}

/// A program as it is kept at the server. It is shown, never run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its text.
    pub source: String,
    /// `PYTHON` or `TYPESCRIPT`.
    pub language: String,
}

/// What an answer must look like.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The values there can be.
    pub scale: Scale,
    /// What the reason is to say.
    pub reasoning: String,
    /// What the value means.
    pub score: String,
}

/// The values of a verdict.
#[derive(Debug, Clone, PartialEq)]
pub enum Scale {
    /// A number within bounds, both included.
    Number {
        /// The least.
        min: Option<f64>,
        /// The greatest.
        max: Option<f64>,
    },
    /// True or false.
    Truth,
    /// A label, or several.
    Labels {
        /// Those there are.
        labels: Vec<String>,
        /// Whether an answer may name several.
        several: bool,
    },
}

/// What fills a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filling {
    /// The variable.
    pub variable: String,
    /// Where its text comes from; `None` where nobody said yet.
    pub part: Option<Part>,
    /// Which piece of it, as a `JSONPath`.
    pub path: Option<String>,
}

/// A part of what is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What went in.
    Input,
    /// What came out.
    Output,
    /// What was recorded besides.
    Metadata,
    /// The tools a model called.
    ToolCalls,
    /// What should have come out.
    ExpectedOutput,
    /// What is recorded with the item of the dataset.
    ItemMetadata,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 6] = [
        Self::Input,
        Self::Output,
        Self::Metadata,
        Self::ToolCalls,
        Self::ExpectedOutput,
        Self::ItemMetadata,
    ];

    /// As the API writes it.
    #[must_use]
    pub fn api_name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Metadata => "metadata",
            Self::ToolCalls => "tool_calls",
            Self::ExpectedOutput => "expected_output",
            Self::ItemMetadata => "experiment_item_metadata",
        }
    }

    /// The part of that name, however it is capitalised and joined: `expectedOutput` is one, too.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
        let wanted = plain(name);
        let other = match wanted.as_str() {
            "itemmetadata" => Some(Self::ItemMetadata),
            "experimentitemexpectedoutput" => Some(Self::ExpectedOutput),
            _ => None,
        };
        other.or_else(|| Self::ALL.into_iter().find(|part| plain(part.api_name()) == wanted))
    }
}

impl Work {
    /// The API's word for the kind.
    #[must_use]
    pub fn api_name(&self) -> &str {
        match self {
            Self::Judge(_) => "llm_as_judge",
            Self::Program(_) => "code",
            Self::Other(word) => word,
        }
    }
}

/// The id of a score by an evaluator: the same version about the same target always gets the same
/// one, so that running it again is an update. `place` counts where one verdict is several scores.
#[must_use]
pub fn verdict_id(evaluator: &Evaluator, target: &Target, place: usize) -> ScoreId {
    let key = [evaluator.id.as_str(), &evaluator.version.to_string(), &target.key(), &place.to_string()];
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"tracemark:evaluation");
    ScoreId::from(Uuid::new_v5(&namespace, key.join("\u{1e}").as_bytes()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_any_spelling() {
        for (name, part) in [
            ("input", Some(Part::Input)),
            ("Output", Some(Part::Output)),
            ("toolCalls", Some(Part::ToolCalls)),
            ("expected_output", Some(Part::ExpectedOutput)),
            ("experimentItemExpectedOutput", Some(Part::ExpectedOutput)),
            ("item_metadata", Some(Part::ItemMetadata)),
            ("question", None),
        ] {
            assert_eq!(Part::named(name), part, "{name}");
        }
    }

    #[test]
    fn a_verdicts_id_depends_on_evaluator_version_and_target() {
        let evaluator = |id: &str, version| Evaluator {
            id: id.into(),
            name: String::new(),
            description: None,
            version,
            work: Work::Other(String::new()),
            variables: Vec::new(),
            mapping: None,
            rules: 0,
        };
        let (one, other) = (Target::Trace("t".into()), Target::Trace("u".into()));
        let id = verdict_id(&evaluator("e", 1), &one, 0);
        assert_eq!(id, verdict_id(&evaluator("e", 1), &one, 0));
        for different in [
            verdict_id(&evaluator("e", 2), &one, 0),
            verdict_id(&evaluator("f", 1), &one, 0),
            verdict_id(&evaluator("e", 1), &other, 0),
            verdict_id(&evaluator("e", 1), &one, 1),
        ] {
            assert_ne!(id, different);
        }
    }
}
