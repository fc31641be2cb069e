//! `sample --reset`: the embedded workspace as it was at first.

use super::args::SampleArgs;
use super::terminal::{can_ask, confirm, note};
use super::{ENV, Failure};
use crate::config::Dirs;
use crate::runtime::clock::wall;
use crate::server::{Seed, Workspace};

/// Starts the workspace again with the sample project.
pub(super) fn run(args: &SampleArgs) -> Result<(), Failure> {
    let path = Dirs::find(ENV)?.workspace();
    let shown = path.display();
    if !args.yes {
        if !can_ask() {
            return Err(Failure::usage("resetting the workspace must be confirmed, and nobody can be asked")
                .with_hint("add --yes"));
        }
        if !confirm(&format!("Throw away everything in {shown} and start again with the sample project?"))? {
            return Err(Failure::failed("nothing was changed"));
        }
    }
    let failed = |error| Failure::failed(format!("cannot reset {shown}: {error}"));
    let mut workspace = Workspace::open(&path, Seed::Sample, wall()).map_err(failed)?;
    workspace.reset_sample(wall()).map_err(failed)?;
    note(&format!("{shown} holds the sample project again; its keys are the same as before"));
    Ok(())
}
