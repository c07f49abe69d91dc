//! The command line: what `callboard` does when it is called.
//!
//! Exit codes: 0 done; 1 failed, with one line and its causes; 2 the command line is wrong; 78 the settings are.

mod child;
mod healthcheck;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::config::{Faults, Flags, Loaded, Settings, load};
use crate::domain::mask::Mask;
use crate::logging;
use crate::session::Kinds;
use healthcheck::Question;

const FAILED: u8 = 1;
const BAD_COMMAND_LINE: u8 = 2;
/// For settings that do not hold, as `sysexits.h` has it.
const EX_CONFIG: u8 = 78;

/// Serves until it is told to stop.
pub type Serve = fn(Settings) -> anyhow::Result<()>;

/// The parts of the server that commands need; they stand on later layers than this.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// Serves until it is told to stop. Logging is set up before.
    pub serve: Serve,
    /// The OpenAPI document as JSON.
    pub openapi: fn() -> anyhow::Result<String>,
    /// A line for each route and message on a socket.
    pub access: fn() -> String,
    /// All task kinds with these settings.
    pub kinds: fn(&Settings) -> anyhow::Result<Kinds>,
    /// Lists what the next start takes up, or keeps it from taking up the session or workflow of this id.
    pub quarantine: fn(&Settings, Option<&str>) -> anyhow::Result<String>,
    /// The names of the task kinds that are built in.
    pub built_in: &'static [&'static str],
}

/// A live task server with a human in the loop.
#[derive(Clone, Debug, Parser)]
#[command(name = "callboard", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Serve; what callboard does without a command
    Serve,
    /// Print the settings that hold, and where each comes from that is not the default
    CheckConfig,
    /// Ask the server at the configured address how it is; exits with 0 or 1
    Healthcheck {
        /// What to ask
        #[arg(value_enum, default_value_t = Question::Live)]
        question: Question,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Print each route and message on a socket with the scope that it needs
    Access,
    /// List the task kinds that can be started
    Tasks,
    /// Keep a session or live workflow from being taken up by the next start; the server must be stopped. Without an ID:
    /// list what the next start takes up
    Quarantine {
        /// The session's or workflow's id
        id: Option<String>,
    },
    /// Run a program that dies with the process PID
    #[command(hide = true)]
    RunChild {
        /// The process that the program must not outlive
        #[arg(long, value_name = "PID")]
        parent: u32,
        /// The program and its arguments
        #[arg(last = true, required = true)]
        argv: Vec<OsString>,
    },
}

/// Does what the command line says, and gives the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, parts: Parts) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version are told this way, too, with the exit code 0. A closed terminal changes nothing.
            let _ = told.print();
            return ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(BAD_COMMAND_LINE));
        }
    };
    let loaded = || settings(&cli.flags, parts.built_in);
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => with(loaded(), EX_CONFIG, |loaded| {
            logging::init(&loaded.settings.log, Mask::new(loaded.settings.secrets())).context("cannot log")?;
            (parts.serve)(loaded.settings)
        }),
        Command::CheckConfig => with(loaded(), EX_CONFIG, |loaded| print(&loaded.to_string())),
        // Container engines know no exit codes here but 0 and 1.
        Command::Healthcheck { question } => {
            with(loaded(), FAILED, |loaded| healthcheck::run(&loaded.settings.server, question))
        }
        Command::Openapi => finish(print_openapi(parts.openapi)),
        Command::Access => finish(print(&(parts.access)())),
        Command::Tasks => with(loaded(), EX_CONFIG, |loaded| print_tasks(&(parts.kinds)(&loaded.settings)?)),
        Command::Quarantine { id } => with(loaded(), EX_CONFIG, |loaded| {
            logging::init(&loaded.settings.log, Mask::new(loaded.settings.secrets())).context("cannot log")?;
            print(&(parts.quarantine)(&loaded.settings, id.as_deref())?)
        }),
        Command::RunChild { parent, argv } => ExitCode::from(child::run(parent, &argv)),
    }
}

fn settings(flags: &Flags, built_in: &[&str]) -> anyhow::Result<Result<Loaded, Faults>> {
    let cwd = std::env::current_dir().context("the working directory cannot be found")?;
    let env: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    Ok(load(flags, &env, &cwd, built_in))
}

/// Goes on with the settings, or tells why they do not hold and gives the exit code `bad_settings`.
fn with(
    loaded: anyhow::Result<Result<Loaded, Faults>>,
    bad_settings: u8,
    go_on: impl FnOnce(Loaded) -> anyhow::Result<()>,
) -> ExitCode {
    match loaded {
        Ok(Ok(loaded)) => finish(go_on(loaded)),
        Ok(Err(faults)) => {
            complain(&format!("the settings do not hold\n{faults}"));
            ExitCode::from(bad_settings)
        }
        Err(error) => finish(Err(error)),
    }
}

fn finish(done: anyhow::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

fn print_openapi(document: impl FnOnce() -> anyhow::Result<String>) -> anyhow::Result<()> {
    print(document()?.trim_end()).and_then(|()| print("\n"))
}

fn print_tasks(kinds: &Kinds) -> anyhow::Result<()> {
    let width = kinds.all().map(|kind| kind.name().len()).max().unwrap_or_default();
    let lines: String = kinds
        .all()
        .map(|kind| format!("{:width$}  {}", kind.name(), kind.description()).trim_end().to_owned() + "\n")
        .collect();
    print(&lines)
}

/// Writes on standard output. A reader that has seen enough, such as `head`, is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot write"),
        _ => Ok(()),
    }
}

/// Writes on standard error. Where that is closed there is nobody left to tell.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "callboard: {text}");
}
