//! Who is calling.

use axum::http::{HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};

use super::Credentials;
use super::reply::Problem;
use super::value::base64_text;

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Everyone.
    Open,
    /// Holders of the secret key.
    Key,
    /// The same, with the wording of `/projects`.
    Projects,
    /// Also holders of the public key alone.
    KeyOrPublic,
}

const CONFIRM: &str = "Confirm that you've configured the correct host.";

/// Lets the caller in, or says why not. The secret decides: a public key that does not belong to
/// it is accepted, as the real server does.
pub(super) fn check(gate: Gate, header: Option<&HeaderValue>, keys: &Credentials) -> Result<(), Problem> {
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
        if same(secret, &keys.secret_key) {
            return Ok(());
        }
        return Err(denied(&format!("Invalid credentials. {CONFIRM}")));
    }
    let Some(public) = header.strip_prefix("Bearer ") else {
        return Err(denied("Invalid authorization header"));
    };
    if public.trim() != keys.public_key {
        return Err(denied(&format!("Invalid public key. {CONFIRM}")));
    }
    match gate {
        Gate::KeyOrPublic => Ok(()),
        Gate::Projects => Err(forbidden("Invalid API key. Are you using an organization key?")),
        Gate::Open | Gate::Key => {
            Err(forbidden("Access denied - insufficient permissions for this endpoint"))
        }
    }
}

fn forbidden(message: &str) -> Problem {
    Problem::Denied(StatusCode::FORBIDDEN, message.to_owned())
}

/// Compares secrets by their hash, so that the time taken says nothing about them.
fn same(given: &str, secret: &str) -> bool {
    Sha256::digest(given.as_bytes()) == Sha256::digest(secret.as_bytes())
}
