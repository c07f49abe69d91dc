//! The command line: what `callboard` does when it is called.
//!
//! Exit codes: 0 done; 1 failed, with one line and its causes; 2 the command line is wrong; 78 the settings are.

mod audit;
mod backup;
mod child;
mod cluster;
mod crews;
mod healthcheck;
mod keys;
mod migrate;
mod recorded;
mod users;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::agent;
use crate::app;
use crate::config::{Faults, Flags, Loaded, Settings, load};
use crate::domain::mask::Mask;
use crate::http::{access, openapi};
use crate::logging;
use crate::session::Kinds;
use crate::suspects;
use crate::task;
use healthcheck::Question;

const FAILED: u8 = 1;
const BAD_COMMAND_LINE: u8 = 2;
/// For settings that do not hold, as `sysexits.h` has it.
const EX_CONFIG: u8 = 78;

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
    /// Ask the server at the configured address which servers there are, and what each has
    Cluster,
    /// Print the OpenAPI document
    Openapi,
    /// Print each route and message on a socket with the scope that it needs
    Access,
    /// Make, list and revoke API keys in the store, also while a server uses it
    #[command(subcommand)]
    Keys(keys::Command),
    /// Say who may log in on the page, in the store, also while a server uses it
    #[command(subcommand)]
    Users(users::Command),
    /// List the task kinds that can be started
    Tasks,
    /// Read a report and say what contradicts itself in it; exits with 1 where it has errors
    Audit(audit::Args),
    /// Import crews
    #[command(subcommand)]
    Crews(crews::Crews),
    /// Read a PDF from standard input, for audits
    #[command(hide = true)]
    ReadPdf {
        /// The most bytes of memory that it may take
        memory: u64,
        /// The most seconds of computing
        seconds: u64,
    },
    /// Keep a session or live workflow from being taken up by the next start; the server must be stopped. Without an ID:
    /// list what the next start takes up
    Quarantine {
        /// The session's or workflow's id
        id: Option<String>,
    },
    /// Copy the database to FILE, also while a server uses it
    Backup {
        /// A file that is not there yet
        file: PathBuf,
    },
    /// Put a copy in the place of the database, and keep what was there; the server must be stopped
    Restore {
        /// What `backup` wrote
        file: PathBuf,
    },
    /// Copy all that one store has into another, such as from a file to Redis or back; no server may use either
    Migrate(migrate::Args),
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
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way, too, with the exit code 0. A closed terminal changes nothing.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(BAD_COMMAND_LINE));
        }
    };
    let loaded = || settings(&cli.flags);
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => with(loaded(), EX_CONFIG, |loaded| {
            logging::init(&loaded.settings.log, Mask::new(loaded.settings.secrets())).context("cannot log")?;
            app::run(loaded.settings)
        }),
        Command::CheckConfig => with(loaded(), EX_CONFIG, |loaded| print(&loaded.to_string())),
        // Container engines know no exit codes here but 0 and 1.
        Command::Healthcheck { question } => {
            with(loaded(), FAILED, |loaded| healthcheck::run(&loaded.settings, question))
        }
        Command::Cluster => with(loaded(), EX_CONFIG, |loaded| print(&cluster::run(&loaded.settings)?)),
        Command::Openapi => finish(print_openapi()),
        Command::Access => finish(print(&access())),
        Command::Tasks => with(loaded(), EX_CONFIG, |loaded| print_tasks(&app::kinds(&loaded.settings)?)),
        Command::Quarantine { id } => with(loaded(), EX_CONFIG, |loaded| {
            logging::init(&loaded.settings.log, Mask::new(loaded.settings.secrets())).context("cannot log")?;
            print(&suspects::quarantine(&loaded.settings, id.as_deref())?)
        }),
        Command::Backup { file } => {
            with(loaded(), EX_CONFIG, |loaded| print(&backup::back_up(&loaded.settings, &file)?))
        }
        Command::Restore { file } => {
            with(loaded(), EX_CONFIG, |loaded| print(&backup::put_back(&loaded.settings, &file)?))
        }
        Command::Migrate(args) => {
            with(loaded(), EX_CONFIG, |loaded| print(&migrate::run(args, &loaded.settings, complain)?))
        }
        Command::Keys(command) => with(loaded(), EX_CONFIG, |loaded| {
            let hint = hint(&loaded.settings);
            print(&keys::run(command, &loaded.settings)?)?;
            hint.into_iter().for_each(complain);
            Ok(())
        }),
        Command::Users(command) => with(loaded(), EX_CONFIG, |loaded| print(&users::run(command, &loaded.settings)?)),
        Command::Audit(args) => audit::run(&args),
        Command::Crews(command) => with(loaded(), EX_CONFIG, |loaded| print(&crews::run(&command, &loaded.settings)?)),
        Command::ReadPdf { memory, seconds } => finish(audit::read_pdf(memory, seconds)),
        Command::RunChild { parent, argv } => ExitCode::from(child::run(parent, &argv)),
    }
}

/// What somebody should know who deals with keys that no server takes.
fn hint(settings: &Settings) -> Option<&'static str> {
    (!settings.auth.api_keys).then_some("servers with these settings take no keys: auth.api_keys is off")
}

fn settings(flags: &Flags) -> anyhow::Result<Result<Loaded, Faults>> {
    let cwd = std::env::current_dir().context("the working directory cannot be found")?;
    let env: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let kinds = task::built_in();
    let others = [task::workflow::NAME, agent::audit::KIND, agent::crew::KIND, agent::pipeline::KIND];
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).chain(others).collect();
    Ok(load(flags, &env, &cwd, &names))
}

/// Goes on with the settings, or reports why they do not hold and gives the exit code `bad_settings`.
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

fn print_openapi() -> anyhow::Result<()> {
    print(openapi::document().to_pretty_json()?.trim_end()).and_then(|()| print("\n"))
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

/// Writes on standard error. Where that is closed nobody is left to read it.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "callboard: {text}");
}
