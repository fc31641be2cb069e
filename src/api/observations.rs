//! Observations: traces, single observations and sessions are all read from them.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::json;

use super::paging::chunks;
use super::transport::Query;
use super::wire::ObservationRow;
use super::{ApiError, Client};
use crate::domain::{Object, ObjectKind, Observation, SessionId, TraceId};

const PATH: [&str; 2] = ["v2", "observations"];
const FULL: &str = "core,basic,time,io,metadata,model,usage,trace_context";
const ROOTS: &str = "core,basic,time,trace_context";
const ROOTS_WITH_IO: &str = "core,basic,time,io,trace_context";
const SHORT: &str = "core,basic,trace_context";
/// Rows per request: inputs and outputs can be megabytes each, and nothing limits their sum.
const WITH_IO: &str = "50";
const WITHOUT_IO: &str = "500";
/// Ids per request, which go into the address.
const IDS: usize = 40;
const ADDRESS: usize = 3000;
/// Bytes around an id in an escaped filter: two quotes and a comma.
const AROUND: usize = 9;

impl Client {
    /// What a reviewer needs to see of an object: all observations of a trace; those of the whole
    /// trace around an observation; the roots of a session's traces with input and output.
    ///
    /// Empty when the object was deleted or has not arrived yet.
    pub async fn observations_of(&self, object: &Object) -> Result<Vec<Observation>, ApiError> {
        match object.kind {
            ObjectKind::Trace => self.whole_trace(&object.id).await,
            ObjectKind::Observation => match self.trace_of(&object.id).await? {
                Some(trace) => self.whole_trace(trace.as_str()).await,
                None => Ok(Vec::new()),
            },
            ObjectKind::Session => self.session(&SessionId::from(object.id.as_str())).await,
        }
    }

    /// The roots of traces, in no order.
    pub async fn root_observations(
        &self,
        traces: &[TraceId],
        with_io: bool,
    ) -> Result<Vec<Observation>, ApiError> {
        let ids: Vec<&str> = traces.iter().map(TraceId::as_str).collect();
        let (fields, limit) = if with_io { (ROOTS_WITH_IO, WITH_IO) } else { (ROOTS, WITHOUT_IO) };
        let query = [("isRootObservation", "true"), ("fields", fields), ("limit", limit)];
        self.any_of("traceId", &ids, &query).await
    }

    /// Observations by id without input, output and usage. An id can occur in several traces.
    pub async fn observations_by_id(&self, ids: &[String]) -> Result<Vec<Observation>, ApiError> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.any_of("id", &ids, &[("fields", SHORT), ("limit", WITHOUT_IO)]).await
    }

    async fn whole_trace(&self, trace: &str) -> Result<Vec<Observation>, ApiError> {
        let rows = self.rows(&[("traceId", trace), ("fields", FULL), ("limit", WITH_IO)]).await?;
        Ok(newest(rows))
    }

    /// The trace an observation belongs to; the newest if its id occurs in several.
    async fn trace_of(&self, observation: &str) -> Result<Option<TraceId>, ApiError> {
        let filter = any_of("id", &[observation]);
        let rows = self.rows(&[("filter", &filter), ("fields", "core,time"), ("limit", WITHOUT_IO)]).await?;
        let newest = rows.into_iter().max_by_key(|(row, updated)| (*updated, row.start));
        Ok(newest.map(|(row, _)| row.trace_id))
    }

    async fn session(&self, session: &SessionId) -> Result<Vec<Observation>, ApiError> {
        let roots = [("isRootObservation", "true"), ("fields", FULL), ("limit", WITH_IO)];
        let roots = self.of_session(session, &roots).await?;
        if !roots.is_empty() {
            return Ok(roots);
        }
        // Some applications set the session on inner observations only.
        let inner = self.of_session(session, &[("fields", SHORT), ("limit", WITHOUT_IO)]).await?;
        let traces: BTreeSet<TraceId> = inner.iter().map(|row| row.trace_id.clone()).collect();
        let traces: Vec<TraceId> = traces.into_iter().collect();
        let roots = self.root_observations(&traces, true).await?;
        Ok(if roots.is_empty() { inner } else { roots })
    }

    async fn of_session(&self, session: &SessionId, query: Query<'_>) -> Result<Vec<Observation>, ApiError> {
        let mut rows = self.rows(&[&[("sessionId", session.as_str())], query].concat()).await?;
        // Servers before 4.2 ignore the parameter and list everything.
        rows.retain(|(row, _)| row.session.as_deref() == Some(session.as_str()));
        Ok(newest(rows))
    }

    /// All rows where a column has one of many values, several requests if need be.
    async fn any_of(
        &self,
        column: &str,
        ids: &[&str],
        query: Query<'_>,
    ) -> Result<Vec<Observation>, ApiError> {
        let mut rows = Vec::new();
        for chunk in chunks(ids, IDS, ADDRESS, AROUND) {
            let filter = any_of(column, &chunk);
            rows.extend(self.rows(&[query, &[("filter", &filter)]].concat()).await?);
        }
        Ok(newest(rows))
    }

    async fn rows(&self, query: Query<'_>) -> Result<Vec<Row>, ApiError> {
        self.all_parts(&PATH, query, ObservationRow::into_domain).await
    }
}

/// An observation and when it was last changed.
type Row = (Observation, Option<Timestamp>);

fn any_of(column: &str, values: &[&str]) -> String {
    json!([{"type": "stringOptions", "column": column, "operator": "any of", "value": values}]).to_string()
}

/// Until the server has merged the versions of an observation it lists several: keeps the newest,
/// and of equals the last.
fn newest(rows: Vec<Row>) -> Vec<Observation> {
    let mut at: HashMap<_, usize> = HashMap::new();
    let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        match at.get(&(row.0.trace_id.clone(), row.0.id.clone())) {
            Some(&i) if kept[i].1 > row.1 => {}
            Some(&i) => kept[i] = row,
            None => {
                at.insert((row.0.trace_id.clone(), row.0.id.clone()), kept.len());
                kept.push(row);
            }
        }
    }
    kept.into_iter().map(|(observation, _)| observation).collect()
}
