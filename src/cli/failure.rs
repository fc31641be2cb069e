//! How a command ends when it fails.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::api::{ApiError, Retry};
use crate::config::ConfigError;
use crate::runtime::connect::ConnectError;

/// Exit codes, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It failed.
    Failed = 1,
    /// The command line or the settings are wrong.
    Usage = 2,
    /// The keys are wrong, or not allowed to do this.
    Authentication = 3,
    /// There is no such thing.
    NotFound = 4,
    /// The server cannot be reached, or is too busy.
    Unreachable = 5,
    /// Some of it is done; what is not was listed.
    Partly = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do what it was asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened, to what.
    pub message: String,
    /// The next step.
    pub hint: Option<String>,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None }
    }

    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Tells it on stderr.
    pub(super) fn tell(&self) {
        let mut text = format!("error: {}\n", self.message);
        if let Some(hint) = &self.hint {
            text.push_str("hint: ");
            text.push_str(hint);
            text.push('\n');
        }
        // There is nobody left to tell if stderr is gone.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { exit: Exit::Usage, message: error.message, hint: error.hint }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let exit = match error.retry {
            Retry::Network | Retry::Transient { .. } => Exit::Unreachable,
            Retry::Auth => Exit::Authentication,
            Retry::Permanent if error.is_not_found() => Exit::NotFound,
            Retry::Permanent => Exit::Failed,
        };
        Self { exit, hint: error.hint().map(ToOwned::to_owned), message: error.message }
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Here(why) => Self::failed(why),
            ConnectError::Api(error) => error.into(),
        }
    }
}
