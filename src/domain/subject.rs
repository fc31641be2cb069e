//! What an item shows once its object has been fetched.

use jiff::Timestamp;

use super::{
    Level, Object, ObjectKind, Observation, ObservationId, SessionId, Target, TraceId, TreeRow, Usage,
    flatten,
};

/// The facts in the header of the review screen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SubjectHeader {
    /// Name of the trace, observation or session.
    pub name: String,
    /// Earliest start.
    pub timestamp: Option<Timestamp>,
    /// User.
    pub user: Option<String>,
    /// Session.
    pub session: Option<String>,
    /// Environment.
    pub environment: Option<String>,
    /// Release.
    pub release: Option<String>,
    /// Version.
    pub version: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Worst level of any observation.
    pub level: Level,
    /// Seconds from the earliest start to the latest end.
    pub latency: Option<f64>,
    /// Tokens and cost of all observations.
    pub usage: Usage,
}

/// A fetched trace (with all observations), observation (within its trace) or session (the roots
/// of its traces).
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// What scores of this item are about.
    pub target: Target,
    /// Facts for the header.
    pub header: SubjectHeader,
    /// All observations, in no useful order.
    pub observations: Vec<Observation>,
    /// The observations as a tree.
    pub tree: Vec<TreeRow>,
}

impl Subject {
    /// Builds the subject of an item from the observations fetched for it.
    ///
    /// `None` when there are no observations, or not the one asked for: the object was deleted or
    /// has not arrived yet.
    #[must_use]
    pub fn new(object: &Object, observations: Vec<Observation>) -> Option<Self> {
        let observations = drop_synthetic(newest_only(observations));
        let target = match object.kind {
            ObjectKind::Trace => Target::Trace(TraceId::from(object.id.as_str())),
            ObjectKind::Session => Target::Session(SessionId::from(object.id.as_str())),
            ObjectKind::Observation => {
                let found = observations.iter().find(|o| o.id.as_str() == object.id)?;
                Target::Observation(found.trace_id.clone(), found.id.clone())
            }
        };
        if observations.is_empty() {
            return None;
        }
        let tree = flatten(&observations);
        let header = header(&target, &observations, &tree);
        Some(Self { target, header, observations, tree })
    }

    /// The tree row to show first: the item's observation, else the root; or where the root
    /// records neither input nor output, the first row that does.
    #[must_use]
    pub fn first_row(&self) -> usize {
        let at = |row: &TreeRow| &self.observations[row.observation];
        match &self.target {
            Target::Observation(_, id) => self.row_of(id),
            Target::Session(_) => None,
            Target::Trace(_) => {
                self.tree.iter().position(|row| at(row).input.is_some() || at(row).output.is_some())
            }
        }
        .unwrap_or(0)
    }

    /// Tree row of an observation.
    #[must_use]
    pub fn row_of(&self, id: &ObservationId) -> Option<usize> {
        self.tree.iter().position(|row| self.observations[row.observation].id == *id)
    }

    /// The target of a comment on one observation.
    #[must_use]
    pub fn observation_target(&self, row: usize) -> Option<Target> {
        let observation = &self.observations[self.tree.get(row)?.observation];
        Some(Target::Observation(observation.trace_id.clone(), observation.id.clone()))
    }

    /// The environment scores of this subject belong to.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        self.header.environment.as_deref()
    }
}

/// The same observation can come twice until the server has merged its versions; the last one
/// listed is kept.
fn newest_only(observations: Vec<Observation>) -> Vec<Observation> {
    let mut at = std::collections::HashMap::new();
    let mut kept: Vec<Observation> = Vec::with_capacity(observations.len());
    for observation in observations {
        let key = (observation.trace_id.clone(), observation.id.clone());
        if let Some(&i) = at.get(&key) {
            kept[i] = observation;
        } else {
            at.insert(key, kept.len());
            kept.push(observation);
        }
    }
    kept
}

/// Servers that took traces through the old ingestion add a row `t-<trace id>` with the trace's
/// own input and output. It is left out when its content repeats that of its only child.
fn drop_synthetic(mut observations: Vec<Observation>) -> Vec<Observation> {
    let is_synthetic = |o: &Observation| o.parent.is_none() && o.id.as_str() == format!("t-{}", o.trace_id);
    let repeated = observations.iter().position(|root| {
        let mut below = observations.iter().filter(|o| o.parent.as_ref() == Some(&root.id));
        is_synthetic(root)
            && below.next().is_some_and(|child| child.input == root.input && child.output == root.output)
            && below.next().is_none()
    });
    if let Some(i) = repeated {
        let root = observations.remove(i);
        let child = observations.iter_mut().find(|o| o.parent.as_ref() == Some(&root.id));
        if let Some(child) = child {
            child.parent = None;
            child.is_root = true;
            child.trace_name = child.trace_name.take().or(Some(root.name));
        }
    }
    observations
}

fn header(target: &Target, observations: &[Observation], tree: &[TreeRow]) -> SubjectHeader {
    let first = |get: fn(&Observation) -> Option<&String>| observations.iter().find_map(get).cloned();
    let start = observations.iter().map(|o| o.start).min();
    let end = observations.iter().filter_map(|o| o.end).max();
    let root = tree.first().map(|row| &observations[row.observation]);
    let name = match target {
        Target::Trace(_) => first(|o| o.trace_name.as_ref()).or_else(|| root.map(|o| o.name.clone())),
        Target::Session(id) => Some(id.to_string()),
        Target::Observation(_, id) => observations.iter().find(|o| o.id == *id).map(|o| o.name.clone()),
    };
    let mut usage = Usage::default();
    tree.iter().filter(|row| row.depth == 0).for_each(|row| usage += row.rolled);
    SubjectHeader {
        name: name.unwrap_or_default(),
        timestamp: start,
        user: first(|o| o.user.as_ref()),
        session: first(|o| o.session.as_ref()),
        environment: first(|o| o.environment.as_ref()),
        release: first(|o| o.release.as_ref()),
        version: first(|o| o.version.as_ref()),
        tags: observations.iter().map(|o| &o.tags).find(|tags| !tags.is_empty()).cloned().unwrap_or_default(),
        level: observations.iter().map(|o| o.level).max().unwrap_or_default(),
        latency: start.zip(end).map(|(start, end)| end.duration_since(start).as_secs_f64()),
        usage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ObservationType;

    fn observation(id: &str, parent: Option<&str>, output: Option<&str>) -> Observation {
        Observation {
            id: id.into(),
            trace_id: "t".into(),
            parent: parent.map(Into::into),
            kind: ObservationType::Span,
            name: id.into(),
            level: Level::Default,
            status_message: None,
            start: Timestamp::UNIX_EPOCH,
            end: None,
            latency: None,
            model: None,
            model_parameters: None,
            usage: Usage { input: 1, output: 1, total: 2, cost: 0.5 },
            input: None,
            output: output.map(Into::into),
            metadata: None,
            user: None,
            session: None,
            environment: None,
            version: None,
            release: None,
            tags: Vec::new(),
            trace_name: None,
            is_root: parent.is_none(),
        }
    }

    fn trace(observations: Vec<Observation>) -> Subject {
        Subject::new(&Object { kind: ObjectKind::Trace, id: "t".into() }, observations).unwrap()
    }

    #[test]
    fn the_first_row_shown_has_something_to_read() {
        let full = trace(vec![observation("a", None, Some("x")), observation("b", Some("a"), Some("y"))]);
        assert_eq!(full.first_row(), 0);
        let hollow = trace(vec![observation("a", None, None), observation("b", Some("a"), Some("y"))]);
        assert_eq!(hollow.first_row(), 1);
        let empty = trace(vec![observation("a", None, None)]);
        assert_eq!(empty.first_row(), 0);
    }

    #[test]
    fn every_observation_is_shown_once_whatever_the_parents_say() {
        let odd = trace(vec![
            observation("a", Some("nowhere"), None),
            observation("b", Some("b"), None),
            observation("c", Some("d"), None),
            observation("d", Some("c"), None),
            observation("e", Some("a"), None),
            observation("e", Some("a"), Some("newer")),
        ]);
        let mut shown: Vec<usize> = odd.tree.iter().map(|row| row.observation).collect();
        shown.sort_unstable();
        assert_eq!(shown, [0, 1, 2, 3, 4]);
        assert_eq!(odd.observations[4].output.as_deref(), Some("newer"), "versions are merged");
        assert_eq!(odd.header.usage.total, 10);
    }

    #[test]
    fn tokens_and_cost_are_rolled_up() {
        let tree = trace(vec![
            observation("a", None, None),
            observation("b", Some("a"), None),
            observation("c", Some("b"), None),
        ]);
        let rolled: Vec<u64> = tree.tree.iter().map(|row| row.rolled.total).collect();
        assert_eq!(rolled, [6, 4, 2]);
        assert_eq!(tree.tree[0].end, 3);
    }

    #[test]
    fn a_synthetic_root_that_repeats_its_child_is_left_out() {
        let rows = vec![observation("t-t", None, Some("x")), observation("a", Some("t-t"), Some("x"))];
        assert_eq!(trace(rows).tree.len(), 1);
        let rows = vec![observation("t-t", None, Some("x")), observation("a", Some("t-t"), Some("y"))];
        assert_eq!(trace(rows).tree.len(), 2);
    }

    #[test]
    fn a_very_deep_trace_is_laid_out() {
        let deep = (0..50_000).map(|n: i32| {
            let parent = (n > 0).then(|| (n - 1).to_string());
            observation(&n.to_string(), parent.as_deref(), None)
        });
        let deep = flatten(&deep.collect::<Vec<_>>());
        assert_eq!(deep.last().map(|row| row.depth), Some(49_999));
    }
}
