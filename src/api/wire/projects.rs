//! Health and projects.

use serde::Deserialize;

use super::read;

/// `GET /health`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Health {
    /// `OK`, or what is wrong.
    #[serde(deserialize_with = "read::text")]
    pub status: Option<String>,
    /// Version of the server.
    #[serde(deserialize_with = "read::text")]
    pub version: Option<String>,
}

/// The project of a key, from `GET /projects`.
#[derive(Debug, Deserialize)]
pub struct Project {
    /// Identifier.
    pub id: String,
    /// Name.
    #[serde(default, deserialize_with = "read::text")]
    pub name: Option<String>,
    /// Whose it is; older servers do not say.
    #[serde(default)]
    pub organization: Option<Organization>,
}

/// The organization of a project.
#[derive(Debug, Deserialize)]
pub struct Organization {
    /// Name.
    #[serde(default, deserialize_with = "read::text")]
    pub name: Option<String>,
}
