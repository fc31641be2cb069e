//! Arguments → command → exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    tracemark::cli::run(std::env::args_os())
}
