//! The project of the world.

use std::sync::Arc;

use jiff::Timestamp;
use tracemark::app::{Doc, Failure, Label};
use tracemark::domain::rows::{Role, Row, Rows, Span, Tone};
use tracemark::domain::{
    Category, Comment, ConfigId, DataType, Item, ItemStatus, Level, Object, ObjectKind, Observation,
    ObservationType, Queue, QueueId, Score, ScoreConfig, Source, Subject, Target, TraceId, Usage, Value,
};

use super::Server;

/// Texts that come from data, so that a test can put hostile ones in their place.
#[derive(Clone)]
pub struct Texts {
    pub project: String,
    pub queue: String,
    pub guidelines: String,
    pub name: String,
    pub title: String,
    pub user: String,
    pub config: String,
    pub reason: String,
    pub message: String,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            project: "Support".into(),
            queue: "Support quality".into(),
            guidelines:
                "Rate each answer as the customer would. Score 5 only if nothing is missing.\n\nMore.".into(),
            name: "support-chat".into(),
            title: "My order 5521 arrived with a broken lid. Can I get a replacement?".into(),
            user: "user-81".into(),
            config: "helpfulness".into(),
            reason: "covers all asks, and says which option is free".into(),
            message: "My order 5521 arrived with a broken lid. Can I get a replacement".into(),
        }
    }
}

pub fn now() -> Timestamp {
    "2025-11-23T16:05:00Z".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    format!("2025-11-23T{text}Z").parse().unwrap()
}

/// A server on which everything works.
pub fn server() -> Server {
    let texts = Texts::default();
    let object = Object { kind: ObjectKind::Trace, id: "t1".into() };
    Server {
        subject: Some(Ok(Subject::new(&object, observations(&texts)).map(Arc::new))),
        scores: Some(Ok(scores(&texts))),
        comments: vec![comment(&object)],
        texts,
        connects: Some(Ok(())),
        queues: true,
        items: true,
        lays_out: true,
        object,
        shows_traces: true,
    }
}

pub fn failure(message: &str, hint: &str) -> Failure {
    Failure { message: message.into(), hint: Some(hint.into()), temporary: true }
}

pub fn queues(texts: &Texts) -> Vec<Queue> {
    let queue = |id: &str, name: &str, description: Option<&str>, rows: &[&str]| Queue {
        id: id.into(),
        name: name.into(),
        description: description.map(Into::into),
        score_config_ids: rows.iter().map(|row| ConfigId::from(*row)).collect(),
        created_at: at("08:00:00"),
    };
    vec![
        queue("q1", &texts.queue, Some(&texts.guidelines), &["c1", "c2", "c3", "c4", "c5"]),
        queue("q2", "Tool calls", None, &["c2"]),
        queue("q3", "Conversations", Some("Read the whole conversation first."), &["c1", "c3"]),
        queue("q4", "Gold round 1", None, &[]),
    ]
}

pub fn configs(texts: &Texts) -> Vec<ScoreConfig> {
    let config = |id: &str, name: &str, data_type: DataType, labels: &[&str]| ScoreConfig {
        id: id.into(),
        name: name.into(),
        description: None,
        data_type,
        is_archived: false,
        min: None,
        max: None,
        categories: labels.iter().map(|label| Category { label: (*label).into(), value: 0.0 }).collect(),
        created_at: at("08:00:00"),
    };
    let modes =
        ["none", "wrong fact", "missing step", "off topic", "rude", "too long", "too short", "refusal"];
    let more = ["hallucinated tool", "wrong language", "ignored context", "unsafe"];
    let modes: Vec<&str> = modes.into_iter().chain(more).collect();
    vec![
        ScoreConfig {
            min: Some(1.0),
            max: Some(5.0),
            description: Some("Would the customer be done after this answer?".into()),
            ..config("c1", &texts.config, DataType::Numeric, &[])
        },
        config("c2", "grounded", DataType::Boolean, &[]),
        ScoreConfig {
            description: Some("How it sounds, not what it says.".into()),
            ..config("c3", "tone", DataType::Categorical, &["calm", "warm", "curt", "rude"])
        },
        config("c4", "failure mode", DataType::Categorical, &modes),
        config("c5", "note", DataType::Text, &[]),
    ]
}

pub fn item(queue: &QueueId, n: usize, object: &Object) -> Item {
    let hours = i64::try_from(n / 4 + 2).unwrap();
    let added = now().checked_sub(jiff::SignedDuration::from_hours(50 - hours.min(48))).unwrap();
    let object = match object.kind {
        ObjectKind::Trace => Object { kind: ObjectKind::Trace, id: format!("t{n}") },
        kind => Object { kind, id: object.id.clone() },
    };
    Item {
        id: format!("i{n}").into(),
        queue_id: queue.clone(),
        object,
        status: ItemStatus::Pending,
        completed_at: None,
        created_at: added,
        updated_at: added,
    }
}

pub fn labels(objects: &[Object], texts: &Texts) -> Vec<Label> {
    let others = [
        ("support-chat", "Which plan includes SSO?"),
        ("support-chat", "Rückgabe ohne Karton möglich?"),
        ("refund-agent", "Cancel and refund both items, then tell me when the money arrives"),
        ("refund-agent", "配送状況を確認したいです"),
    ];
    let label = |(n, object): (usize, &Object)| {
        let (name, title) = if n == 0 { (texts.name.as_str(), texts.title.as_str()) } else { others[n % 4] };
        Label { object_id: object.id.clone(), name: name.into(), title: Some(title.into()) }
    };
    objects.iter().enumerate().map(label).collect()
}

pub fn observation(
    texts: &Texts,
    id: &str,
    parent: Option<&str>,
    kind: ObservationType,
    from_to: (f64, f64),
) -> Observation {
    let start = at("14:02:00");
    let after = |seconds: f64| start.checked_add(jiff::SignedDuration::from_secs_f64(seconds)).unwrap();
    let is_model = kind == ObservationType::Generation;
    Observation {
        id: id.into(),
        trace_id: "t1".into(),
        parent: parent.map(Into::into),
        kind,
        name: if parent.is_none() { texts.name.clone() } else { id.into() },
        level: if id == "retrieve" { Level::Warning } else { Level::Default },
        status_message: None,
        start: after(from_to.0),
        end: Some(after(from_to.1)),
        latency: Some(from_to.1 - from_to.0),
        model: None,
        model_parameters: None,
        usage: if is_model {
            Usage { input: 500, output: 142, total: 642, cost: 0.00205 }
        } else {
            Usage::default()
        },
        input: None,
        output: None,
        metadata: None,
        user: Some(texts.user.clone()),
        session: Some("s-204".into()),
        environment: Some("production".into()),
        version: None,
        release: Some("2025.11".into()),
        tags: vec!["mobile".into(), "de".into()],
        trace_name: parent.is_none().then(|| texts.name.clone()),
        is_root: parent.is_none(),
    }
}

pub fn observations(texts: &Texts) -> Vec<Observation> {
    vec![
        observation(texts, "support", None, ObservationType::Agent, (0.0, 3.2)),
        observation(texts, "rewrite-query", Some("support"), ObservationType::Generation, (0.0, 0.4)),
        observation(texts, "retrieve", Some("support"), ObservationType::Retriever, (0.4, 0.7)),
        observation(texts, "answer", Some("support"), ObservationType::Generation, (0.8, 2.9)),
        observation(texts, "log-ticket", Some("answer"), ObservationType::Tool, (2.9, 3.0)),
        observation(texts, "check", Some("support"), ObservationType::Guardrail, (3.0, 3.2)),
    ]
}

/// A session of two traces.
pub fn session(texts: &Texts) -> Subject {
    let object = Object { kind: ObjectKind::Session, id: "s-204".into() };
    let mut first = observation(texts, "support", None, ObservationType::Agent, (0.0, 3.2));
    let mut second = observation(texts, "support", None, ObservationType::Agent, (60.0, 64.5));
    first.id = "a".into();
    second.id = "b".into();
    second.trace_id = "t2".into();
    Subject::new(&object, vec![first, second]).unwrap()
}

pub fn scores(texts: &Texts) -> Vec<Score> {
    let score = |name: &str, config: Option<&str>, value: Value, source: Source| Score {
        id: format!("{name}-{source:?}").into(),
        name: name.into(),
        value,
        data_type: DataType::Numeric,
        source,
        config_id: config.map(ConfigId::from),
        queue_id: None,
        author: None,
        annotator: None,
        comment: None,
        target: Some(Target::Trace(TraceId::from("t0"))),
        timestamp: at("15:00:00"),
        environment: "production".into(),
    };
    let judged = Score {
        comment: Some(texts.reason.clone()),
        ..score(&texts.config, Some("c1"), Value::Number(5.0), Source::Eval)
    };
    let other = Score {
        annotator: Some("grace".into()),
        comment: Some("friendly, though it skips the greeting".into()),
        ..score("tone", Some("c3"), Value::Category("warm".into()), Source::Annotation)
    };
    vec![judged, other, score("toxicity", None, Value::Number(0.02), Source::Eval)]
}

pub fn comment(object: &Object) -> Comment {
    Comment {
        id: "k1".into(),
        object: object.clone(),
        content: "Check the refund rule for parts under 20 €.".into(),
        author: None,
        created_at: at("14:05:00"),
    }
}

/// Laid-out rows as the content layer makes them.
pub fn rows(doc: &Doc, width: u16, texts: &Texts) -> Rows {
    let rows = match doc {
        Doc::Comments(..) | Doc::Given(_) => vec![
            Row::new("Ada · 2 h", Tone::Dim),
            Row::new("  Check the refund rule for", Tone::Plain),
            Row::new("  parts under 20 €.", Tone::Plain),
        ],
        Doc::Info(..) | Doc::Write(..) => facts(),
        Doc::Guidelines(_) => {
            vec![
                Row::new("What to look for", Tone::Heading),
                Row::default(),
                Row::new(clean(&texts.guidelines), Tone::Plain),
            ]
        }
        Doc::Observation(..) | Doc::Conversation(_) => chat(texts),
    };
    Rows { width, rows }
}

fn clean(text: &str) -> String {
    tracemark::domain::text::one_line(text)
}

fn facts() -> Vec<Row> {
    let fact = |key: &str, value: &str| Row {
        bar: None,
        spans: vec![Span::new(format!("{key:<12}"), Tone::Key), Span::new(value, Tone::Plain)],
    };
    (0..30).map(|n| fact(&format!("key {n}"), "gpt-4.1-mini")).collect()
}

fn chat(texts: &Texts) -> Vec<Row> {
    let said = |role: Role, text: &str| Row { bar: Some(role), spans: vec![Span::new(text, Tone::Plain)] };
    let who =
        |role: Role, name: &str| Row { bar: Some(role), spans: vec![Span::new(name, Tone::Role(role))] };
    let mut rows = vec![
        who(Role::System, "system"),
        said(Role::System, "You are a careful support agent for an online shop."),
        Row::default(),
        who(Role::User, "user"),
        said(Role::User, &clean(&texts.message)),
        said(Role::User, "without sending it back?"),
        Row::default(),
        who(Role::Assistant, "assistant"),
        said(Role::Assistant, "I'm sorry about the lid. Two ways:"),
        said(Role::Assistant, ""),
        said(Role::Assistant, "Option        Cost   Days"),
        said(Role::Assistant, "Replace lid   free    2–3"),
        said(Role::Assistant, "Full return   free    5–7"),
        Row::default(),
        Row {
            bar: None,
            spans: vec![Span::new("⚙ log_ticket", Tone::Tool), Span::new("(order=5521)", Tone::Plain)],
        },
        Row::new("  → {\"ticket\": 88121}", Tone::Dim),
    ];
    for n in 1..30 {
        rows.push(said(Role::Assistant, &format!("Line {n} of a long answer about lids and parcels.")));
    }
    rows
}
