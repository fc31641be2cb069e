//! Observations of a trace, and the tree they form as flat rows.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{ObservationId, TraceId};

/// What kind of work an observation records.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ObservationType {
    /// A unit of work.
    Span,
    /// A model call.
    Generation,
    /// A moment.
    Event,
    /// An agent's run.
    Agent,
    /// A tool call.
    Tool,
    /// A chain step.
    Chain,
    /// A retrieval.
    Retriever,
    /// A judge's run.
    Evaluator,
    /// An embedding call.
    Embedding,
    /// A guardrail check.
    Guardrail,
    /// One this version does not know, in the server's words.
    Other(String),
}

/// How serious an observation says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// For debugging.
    Debug,
    /// The usual.
    #[default]
    Default,
    /// Something is off.
    Warning,
    /// Something failed.
    Error,
}

/// Tokens and money.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// Tokens read.
    pub input: u64,
    /// Tokens written.
    pub output: u64,
    /// All tokens; may exceed input and output together.
    pub total: u64,
    /// Cost in US dollars.
    pub cost: f64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.total = self.total.saturating_add(other.total);
        self.cost += other.cost;
    }
}

/// One recorded step of a trace. Absent texts are `None`, never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Identifier, unique within the trace.
    pub id: ObservationId,
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// The observation it happened in.
    pub parent: Option<ObservationId>,
    /// Kind of work.
    pub kind: ObservationType,
    /// Name.
    pub name: String,
    /// Seriousness.
    pub level: Level,
    /// What the application said about the level.
    pub status_message: Option<String>,
    /// Start.
    pub start: Timestamp,
    /// End, unless it is an event or unfinished.
    pub end: Option<Timestamp>,
    /// Seconds from start to end.
    pub latency: Option<f64>,
    /// Model of a generation.
    pub model: Option<String>,
    /// Model parameters as JSON text.
    pub model_parameters: Option<Arc<str>>,
    /// Tokens and cost of this observation alone.
    pub usage: Usage,
    /// Input as sent: mostly JSON text.
    pub input: Option<Arc<str>>,
    /// Output as sent: mostly JSON text.
    pub output: Option<Arc<str>>,
    /// Metadata as JSON text of an object.
    pub metadata: Option<Arc<str>>,
    /// User the trace belongs to.
    pub user: Option<String>,
    /// Session the trace belongs to.
    pub session: Option<String>,
    /// Environment.
    pub environment: Option<String>,
    /// Version of the application.
    pub version: Option<String>,
    /// Release of the application.
    pub release: Option<String>,
    /// Tags of the trace.
    pub tags: Vec<String>,
    /// Name of the trace.
    pub trace_name: Option<String>,
    /// Whether the server takes it for the root of its trace.
    pub is_root: bool,
}

/// One line of the observation tree.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeRow {
    /// Index into the observations.
    pub observation: usize,
    /// Distance from the root.
    pub depth: usize,
    /// Row after the last descendant.
    pub end: usize,
    /// Row of the parent; `None` for a root.
    pub parent: Option<usize>,
    /// Whether no sibling follows.
    pub is_last: bool,
    /// Tokens and cost with all descendants.
    pub rolled: Usage,
}

/// Whether the row and its ancestors below the root are the last of their siblings, outermost
/// first: what the lines before a row of the tree are drawn from. At most the innermost `most`.
#[must_use]
pub fn branches(tree: &[TreeRow], row: usize, most: usize) -> Vec<bool> {
    let row = tree.get(row).filter(|row| row.parent.is_some());
    let ancestors =
        std::iter::successors(row, |row| tree.get(row.parent?).filter(|parent| parent.parent.is_some()));
    let mut last: Vec<bool> = ancestors.map(|row| row.is_last).take(most).collect();
    last.reverse();
    last
}

/// Lays the observations out as a tree in depth-first order.
///
/// Children of unknown parents become roots and cycles are cut, so every observation is shown
/// exactly once whatever was recorded.
#[must_use]
pub fn flatten(observations: &[Observation]) -> Vec<TreeRow> {
    let by_id: HashMap<&str, usize> =
        observations.iter().enumerate().map(|(i, o)| (o.id.as_str(), i)).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); observations.len()];
    let mut roots = Vec::new();
    for (i, observation) in observations.iter().enumerate() {
        match observation.parent.as_ref().and_then(|p| by_id.get(p.as_str())) {
            Some(&parent) if parent != i => children[parent].push(i),
            _ => roots.push(i),
        }
    }
    let mut walk = Walk {
        observations,
        children,
        rows: Vec::with_capacity(observations.len()),
        seen: vec![false; observations.len()],
    };
    walk.siblings(&roots);
    // Whatever a cycle kept out of reach is shown from its first member.
    for i in 0..observations.len() {
        walk.siblings(&[i]);
    }
    walk.rows
}

struct Walk<'a> {
    observations: &'a [Observation],
    children: Vec<Vec<usize>>,
    rows: Vec<TreeRow>,
    seen: Vec<bool>,
}

impl Walk<'_> {
    /// Adds siblings and all below them; an explicit stack, since traces can be very deep.
    fn siblings(&mut self, roots: &[usize]) {
        enum Step {
            Open { observation: usize, parent: Option<usize>, depth: usize, is_last: bool },
            Close(usize),
        }
        let open = |this: &Self, ids: &[usize], parent: Option<usize>, depth: usize| -> Vec<Step> {
            let mut ids: Vec<usize> = ids.iter().copied().filter(|i| !this.seen[*i]).collect();
            ids.sort_by_key(|i| this.observations[*i].start);
            let last = ids.last().copied();
            let step = |i| Step::Open { observation: i, parent, depth, is_last: Some(i) == last };
            // The first one lies on top of the stack.
            ids.into_iter().rev().map(step).collect()
        };
        let mut stack = open(self, roots, None, 0);
        while let Some(step) = stack.pop() {
            match step {
                Step::Open { observation, parent, depth, is_last } => {
                    if std::mem::replace(&mut self.seen[observation], true) {
                        continue;
                    }
                    let row = self.rows.len();
                    let rolled = self.observations[observation].usage;
                    self.rows.push(TreeRow { observation, depth, end: row + 1, parent, is_last, rolled });
                    stack.push(Step::Close(row));
                    let below = open(self, &self.children[observation], Some(row), depth + 1);
                    stack.extend(below);
                }
                Step::Close(row) => self.close(row),
            }
        }
    }

    fn close(&mut self, row: usize) {
        let end = self.rows.len();
        self.rows[row].end = end;
        let mut rolled = self.rows[row].rolled;
        let mut child = row + 1;
        while child < end {
            rolled += self.rows[child].rolled;
            child = self.rows[child].end;
        }
        self.rows[row].rolled = rolled;
    }
}
