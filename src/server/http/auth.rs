//! Who is calling.

use axum::http::{HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::reply::Problem;
use crate::server::data::value::base64_text;
use crate::server::data::workspace::Keys;

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Everyone.
    Open,
    /// Holders of the secret key.
    Key,
    /// The same, with the wording of `/projects`.
    Projects,
    /// Also holders of the public key alone.
    KeyOrPublic,
    /// Holders of the organization's secret key.
    Organization,
    /// The same, with the wording of the routes about people.
    People,
}

const CONFIRM: &str = "Confirm that you've configured the correct host.";

/// Lets the caller in, or says why not. The secret decides: a public key that does not belong to
/// it is accepted, as the real server does.
pub fn check(gate: Gate, header: Option<&HeaderValue>, keys: &Keys) -> Result<(), Problem> {
    if gate == Gate::Open {
        return Ok(());
    }
    let denied = |message: &str| Problem::Denied(StatusCode::UNAUTHORIZED, message.to_owned());
    let header = header.ok_or_else(|| denied("No authorization header"))?;
    let header = header.to_str().unwrap_or_default();
    if let Some(basic) = header.strip_prefix("Basic ") {
        let text =
            base64_text(basic.trim()).ok_or_else(|| denied(&format!("Invalid character. {CONFIRM}")))?;
        let secret = text.split(':').nth(1).unwrap_or_default();
        let wanted = matches!(gate, Gate::Organization | Gate::People);
        return if same(secret, &keys.project.secret_key) {
            if wanted { Err(misplaced(gate)) } else { Ok(()) }
        } else if same(secret, &keys.organization.secret_key) {
            if wanted { Ok(()) } else { Err(misplaced(gate)) }
        } else {
            Err(denied(&format!("Invalid credentials. {CONFIRM}")))
        };
    }
    let Some(public) = header.strip_prefix("Bearer ") else {
        return Err(denied("Invalid authorization header"));
    };
    if !same(public.trim(), &keys.project.public_key) {
        return Err(denied(&format!("Invalid public key. {CONFIRM}")));
    }
    if gate == Gate::KeyOrPublic { Ok(()) } else { Err(misplaced(gate)) }
}

/// A key that exists, but opens other doors.
fn misplaced(gate: Gate) -> Problem {
    let message = match gate {
        Gate::Projects => "Invalid API key. Are you using an organization key?",
        Gate::Organization => "Organization-scoped API key required for this operation.",
        Gate::People => "Invalid API key. Organization-scoped API key required for this operation.",
        Gate::Open | Gate::Key | Gate::KeyOrPublic => {
            "Access denied - insufficient permissions for this endpoint"
        }
    };
    Problem::Denied(StatusCode::FORBIDDEN, message.to_owned())
}

/// Whether the texts are equal; the time taken says nothing about the secret, nor about its length.
pub fn same(given: &str, secret: &str) -> bool {
    Sha256::digest(given.as_bytes()).ct_eq(&Sha256::digest(secret.as_bytes())).into()
}
