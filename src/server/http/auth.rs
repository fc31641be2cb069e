//! Who is calling.

use axum::http::{HeaderValue, StatusCode};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::reply::Problem;
use crate::server::data::workspace::Keys;

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Everyone.
    Open,
    /// Everyone, by any method.
    Probe,
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

/// Lets the caller in, or says why not. The secret decides: a public key that does not belong to
/// it is accepted, as the real server does.
pub fn check(gate: Gate, header: Option<&HeaderValue>, keys: &Keys) -> Result<(), Problem> {
    if matches!(gate, Gate::Open | Gate::Probe) {
        return Ok(());
    }
    let header = latin1(header.map(HeaderValue::as_bytes).unwrap_or_default());
    if header.is_empty() {
        return Err(denied("No authorization header"));
    }
    if let Some(basic) = header.strip_prefix("Basic ") {
        let secret = secret(basic).map_err(unconfirmed)?;
        let wanted = matches!(gate, Gate::Organization | Gate::People);
        return if same(&secret, &keys.project.secret_key) {
            if wanted { Err(misplaced(gate)) } else { Ok(()) }
        } else if same(&secret, &keys.organization.secret_key) {
            if wanted { Ok(()) } else { Err(misplaced(gate)) }
        } else {
            Err(unconfirmed("Invalid credentials"))
        };
    }
    let Some(public) = header.strip_prefix("Bearer ") else {
        return Err(denied("Invalid authorization header"));
    };
    if same(public, &keys.organization.public_key) {
        return Err(unconfirmed("Unauthorized: Cannot use organization key with bearer auth"));
    }
    if !same(public, &keys.project.public_key) {
        return Err(unconfirmed("Invalid public key"));
    }
    if gate == Gate::KeyOrPublic { Ok(()) } else { Err(misplaced(gate)) }
}

fn denied(message: &str) -> Problem {
    Problem::Denied(StatusCode::UNAUTHORIZED, message.to_owned())
}

/// A refusal that may have its cause elsewhere.
fn unconfirmed(message: &str) -> Problem {
    denied(&format!("{message}. Confirm that you've configured the correct host."))
}

/// The secret of basic credentials, or what is wrong with them.
fn secret(basic: &str) -> Result<String, &'static str> {
    // Only what comes before the next space counts.
    let credentials = basic_text(basic.split(' ').next().unwrap_or_default())?;
    let mut parts = credentials.split(':');
    match (parts.next(), parts.next()) {
        (Some(public), Some(secret)) if !public.is_empty() && !secret.is_empty() => Ok(secret.to_owned()),
        _ => Err("Invalid authorization header"),
    }
}

/// Decodes base64 as a browser's `atob` does: padded or not, every byte a character.
fn basic_text(encoded: &str) -> Result<String, &'static str> {
    let plain: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bare = match plain.len() % 4 {
        0 => plain.strip_suffix("==").or(plain.strip_suffix('=')).unwrap_or(&plain),
        _ => &plain,
    };
    let is_digit = |c: char| c.is_ascii_alphanumeric() || "+/".contains(c);
    if !bare.chars().all(is_digit) {
        return Err("Invalid character");
    }
    let decoded = FORGIVING.decode(bare);
    decoded.map(|bytes| latin1(&bytes)).map_err(|_| "The string to be decoded is not correctly encoded")
}

/// Takes bits that are left over, as browsers do.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// A key that exists, but opens other doors.
fn misplaced(gate: Gate) -> Problem {
    let message = match gate {
        Gate::Projects => "Invalid API key. Are you using an organization key?",
        Gate::Organization => "Organization-scoped API key required for this operation.",
        Gate::People => "Invalid API key. Organization-scoped API key required for this operation.",
        Gate::Open | Gate::Probe | Gate::Key | Gate::KeyOrPublic => {
            "Access denied - insufficient permissions for this endpoint"
        }
    };
    Problem::Denied(StatusCode::FORBIDDEN, message.to_owned())
}

/// Whether the texts are equal; the time taken says nothing about the secret, nor about its length.
pub fn same(given: &str, secret: &str) -> bool {
    Sha256::digest(given.as_bytes()).ct_eq(&Sha256::digest(secret.as_bytes())).into()
}
