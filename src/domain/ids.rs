//! Identifiers of the API, one type each so that they cannot be mixed up.

use std::fmt;
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier as the API writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<Arc<str>>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    )+};
}

id! {
    /// A project; every key belongs to exactly one.
    ProjectId,
    /// An annotation queue.
    QueueId,
    /// An item of an annotation queue.
    ItemId,
    /// A score config: one row of a rubric.
    ConfigId,
    /// A score.
    ScoreId,
    /// A trace.
    TraceId,
    /// An observation; unique within its trace only.
    ObservationId,
    /// A session: traces of one conversation.
    SessionId,
    /// A comment.
    CommentId,
    /// A Langfuse user, opaque to project keys.
    UserId,
}
