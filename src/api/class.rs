//! Which requests share a rate limit at the server.

use std::time::Duration;

use reqwest::Method;

/// Requests of one class are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    AnnotationQueues,
    PublicApi,
    PublicApiLegacy,
    Ingestion,
    Datasets,
    MediaUpload,
    ScoreDelete,
    Metrics,
}

impl Class {
    pub(super) const ALL: [Self; 8] = [
        Self::AnnotationQueues,
        Self::PublicApi,
        Self::PublicApiLegacy,
        Self::Ingestion,
        Self::Datasets,
        Self::MediaUpload,
        Self::ScoreDelete,
        Self::Metrics,
    ];

    /// The class of a call; `None` for those that nobody counts.
    pub(super) fn of(method: &Method, path: &[&str]) -> Option<Self> {
        let reads = *method == Method::GET;
        Some(match path {
            ["health" | "ready" | "projects", ..] => return None,
            ["annotation-queues", ..] => Self::AnnotationQueues,
            ["dataset-items" | "datasets" | "dataset-run-items", ..] | ["v2", "datasets", ..] => {
                Self::Datasets
            }
            ["v2", "metrics", ..] => Self::Metrics,
            ["ingestion", ..] => Self::Ingestion,
            ["traces" | "observations" | "sessions", ..] if reads => Self::PublicApiLegacy,
            ["media", ..] if !reads => Self::MediaUpload,
            ["scores", ..] if *method == Method::DELETE => Self::ScoreDelete,
            _ => Self::PublicApi,
        })
    }

    /// How long the server counts before it begins anew; `None` where that is hours or a day, so
    /// that only its own word for it helps.
    pub(super) fn window(self) -> Option<Duration> {
        match self {
            Self::ScoreDelete | Self::Metrics => None,
            _ => Some(Duration::from_mins(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_its_class() {
        for (method, path, wanted) in [
            (Method::GET, &["projects"][..], None),
            (Method::GET, &["health"], None),
            (Method::GET, &["annotation-queues", "q", "items"], Some(Class::AnnotationQueues)),
            (Method::PATCH, &["annotation-queues", "q", "items", "i"], Some(Class::AnnotationQueues)),
            (Method::GET, &["score-configs"], Some(Class::PublicApi)),
            (Method::GET, &["comments"], Some(Class::PublicApi)),
            (Method::POST, &["scores"], Some(Class::PublicApi)),
            (Method::GET, &["v3", "scores"], Some(Class::PublicApi)),
            (Method::GET, &["v2", "observations"], Some(Class::PublicApi)),
            (Method::GET, &["media", "m"], Some(Class::PublicApi)),
            (Method::POST, &["media"], Some(Class::MediaUpload)),
            (Method::DELETE, &["scores", "s"], Some(Class::ScoreDelete)),
            (Method::GET, &["traces", "t"], Some(Class::PublicApiLegacy)),
            (Method::GET, &["observations"], Some(Class::PublicApiLegacy)),
            (Method::POST, &["ingestion"], Some(Class::Ingestion)),
            (Method::POST, &["dataset-items"], Some(Class::Datasets)),
            (Method::GET, &["v2", "datasets", "d"], Some(Class::Datasets)),
            (Method::GET, &["v2", "metrics"], Some(Class::Metrics)),
        ] {
            assert_eq!(Class::of(&method, path), wanted, "{method} {path:?}");
        }
    }

    #[test]
    fn classes_have_places_of_their_own() {
        for (place, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, place);
        }
    }
}
