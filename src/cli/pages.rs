//! Pages made from what the program knows about itself.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Failure;
use super::args::Cli;
use super::terminal::print;
use crate::input::keys_markdown;

/// `completions SHELL`.
pub(super) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut page = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tracemark", &mut page);
    print(&String::from_utf8_lossy(&page))
}

/// `man`.
pub(super) fn man() -> Result<(), Failure> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
    rendered.map_err(|error| Failure::failed(format!("cannot write the manual page: {error}")))?;
    print(&String::from_utf8_lossy(&page))
}

/// `keys`.
pub(super) fn keys() -> Result<(), Failure> {
    print(&keys_markdown())
}
