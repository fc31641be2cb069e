//! How to serve, as written on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::when::duration;
use crate::server::{Fault, Mode, Options, Plan};

const FAULTS: &str = "\
Faults, for testing clients: --fault 'METHOD PATH=FAULT'
  PATH is what follows /api/public. `*` stands for any METHOD and for any one
  segment of PATH, `**` at the end of PATH for any rest.

  drop-before   the connection is closed, nothing has happened
  drop-after    it has happened, then the connection is closed
  stall         nothing happens, and no answer comes
  stall-after   it has happened, and no answer comes
  truncate      it has happened, and the answer breaks off in the middle
  status:CODE   nothing happens, and the answer is an error such as 503

  A probability may follow (drop-after:0.3, status:503:0.5), and how often at
  most (stall*2). The first rule that strikes counts. The same --fault-seed and
  the same requests give the same faults.

  tracemark serve --fault 'POST /comments=drop-after:0.3'

Keys:
  Those of the workspace file, or TRACEMARK_SERVE_PUBLIC_KEY (or --public-key)
  together with TRACEMARK_SERVE_SECRET_KEY. Other machines are let in only with
  keys given that way.";

/// How to serve.
#[derive(Debug, Args)]
#[command(after_long_help = FAULTS)]
pub(in crate::cli) struct ServeArgs {
    /// Address and port; port 0 takes a free one. Addresses of other than this machine need keys.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    pub(super) bind: String,
    /// Public key instead of the workspace's; the secret one is in `TRACEMARK_SERVE_SECRET_KEY`.
    #[arg(long, value_name = "KEY", env = "TRACEMARK_SERVE_PUBLIC_KEY")]
    pub(super) public_key: Option<String>,
    /// Workspace file; that of the terminal UI if not given.
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,
    /// Start a new workspace without the sample project.
    #[arg(long)]
    pub(super) empty: bool,
    /// Which endpoints answer: those of a bare version 4, all, or those of version 3.
    #[arg(long, value_enum, default_value = "events-only")]
    mode: ModeName,
    /// Whose rate limits hold.
    #[arg(long, value_enum, default_value = "none")]
    plan: PlanName,
    /// Refuse scores that do not fit their config instead of dropping them as Langfuse does.
    #[arg(long)]
    strict: bool,
    /// Answer so much later.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s")]
    latency: Duration,
    /// Time until a written or deleted score shows; about 6s on a real server.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s")]
    score_delay: Duration,
    /// Work score deletions off one per this time (a real server: 120s), also when the score has been
    /// written again meanwhile.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s")]
    delete_delay: Duration,
    /// Let requests fail, for testing clients: `POST /comments=drop-after:0.3`; may be repeated. The
    /// faults are listed under --help.
    #[arg(long = "fault", value_name = "RULE")]
    faults: Vec<Fault>,
    /// Which requests faults with a probability strike.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, requires = "faults")]
    fault_seed: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeName {
    EventsOnly,
    Dual,
    Legacy,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PlanName {
    Hobby,
    Core,
    Pro,
    None,
}

impl ServeArgs {
    /// How the server is to behave.
    pub(super) fn options(&self) -> Options {
        Options {
            mode: match self.mode {
                ModeName::EventsOnly => Mode::EventsOnly,
                ModeName::Dual => Mode::Dual,
                ModeName::Legacy => Mode::Legacy,
            },
            plan: match self.plan {
                PlanName::Hobby => Plan::Hobby,
                PlanName::Core => Plan::Core,
                PlanName::Pro => Plan::Pro,
                PlanName::None => Plan::Unlimited,
            },
            strict: self.strict,
            score_delay: self.score_delay,
            delete_delay: self.delete_delay,
            latency: self.latency,
            faults: self.faults.clone(),
            fault_seed: self.fault_seed,
        }
    }
}
