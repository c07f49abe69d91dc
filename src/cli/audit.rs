//! `callboard audit`: reads a report and says what contradicts itself in it, without a server.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use callboard_audit::check::{Check, Checklist, Options, Summary, findings};
use callboard_audit::report::{AgentFindings, Audit, Format, render};
use callboard_audit::{Finding, Limits, MediaType, Severity, media_type_of, pdf};
use clap::ValueEnum;

use crate::agent::audit::reading::{self, PdfLimits};
use crate::config::audits::Audits;
use crate::process::Launcher;

/// The exit code where the document holds an error.
const HAS_ERRORS: u8 = 1;

/// The exit code where the document cannot be read.
const UNREADABLE: u8 = 2;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The report: Markdown, text, CSV, HTML, XHTML, PDF or XLSX; `-` reads standard input
    file: PathBuf,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = Output::Text)]
    format: Output,
    /// Only this check; repeatable
    #[arg(long = "check", value_enum)]
    checks: Vec<CheckName>,
    /// What a report has to disclose, as TOML or JSON, instead of the list for annual reports
    #[arg(long, value_name = "FILE")]
    checklist: Option<PathBuf>,
    /// The media type, where the file's name and contents do not say it
    #[arg(long)]
    media_type: Option<String>,
    /// Leave out findings that are neither warnings nor errors
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A line for each finding, as compilers write them
    Text,
    Markdown,
    Csv,
    /// SARIF 2.1.0
    Sarif,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum CheckName {
    /// Sums, percentages, growth, and figures that are given twice
    NumericValidation,
    /// Periods, dates, references, counts and defined terms
    LogicConsistency,
    /// What a report has to say
    DisclosureCompleteness,
}

impl CheckName {
    fn check(self) -> Check {
        match self {
            Self::NumericValidation => Check::NumericValidation,
            Self::LogicConsistency => Check::LogicConsistency,
            Self::DisclosureCompleteness => Check::DisclosureCompleteness,
        }
    }
}

/// Audits a file and gives the exit code: 0 without errors, 1 with some, 2 where it cannot be read.
pub(super) fn run(args: &Args) -> ExitCode {
    match audit(args) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(HAS_ERRORS),
        Err(error) => {
            super::complain(&format!("{error:#}"));
            ExitCode::from(UNREADABLE)
        }
    }
}

/// Audits a file, writes what is found, and gives how many errors there are.
fn audit(args: &Args) -> anyhow::Result<u64> {
    let limits = Limits::default();
    let name = args.file.display().to_string();
    let bytes = read(&args.file, limits.bytes).with_context(|| format!("cannot read {name}"))?;
    let media_type = match &args.media_type {
        Some(word) => MediaType::parse(word)?,
        None => media_type_of(&name, &bytes).with_context(|| name.clone())?,
    };
    let of_pdf = PdfLimits::from(&Audits::default());
    let read = reading::read(&bytes, media_type, &limits, of_pdf, &Launcher::tied_to_this_process());
    let document = read.map_err(|reason| anyhow!("{name}: {reason}"))?;
    let options = match &args.checklist {
        Some(path) => Options { checklist: checklist(path)?, ..Options::default() },
        None => Options::default(),
    };
    let checks = match args.checks.as_slice() {
        // A checklist asks for things that only some documents have to say: it is used where it is asked for.
        [] if args.checklist.is_none() => vec![Check::NumericValidation, Check::LogicConsistency],
        [] => Check::ALL.to_vec(),
        some => some.iter().map(|name| name.check()).collect(),
    };
    let mut total = Summary::default();
    let mut found: Vec<(Check, Vec<Finding>)> = Vec::new();
    for check in checks {
        let (mut findings, summary) = findings(&document, check, &options);
        if args.quiet {
            findings.retain(|finding| finding.severity > Severity::Info);
        }
        total.cells = total.cells.max(summary.cells);
        total.proven = total.proven.max(summary.proven);
        total.errors += summary.errors;
        total.warnings += summary.warnings;
        found.push((check, findings));
    }
    super::print(&written(&name, &found, args.format, &total))?;
    Ok(total.errors)
}

fn written(name: &str, found: &[(Check, Vec<Finding>)], output: Output, total: &Summary) -> String {
    let format = match output {
        Output::Text => return lines(name, found, total),
        Output::Markdown => Format::Markdown,
        Output::Csv => Format::Csv,
        Output::Sarif => Format::Sarif,
        Output::Json => Format::Json,
    };
    let agents = found.iter().map(|(check, findings)| AgentFindings { agent_id: check.id(), error: None, findings });
    let mut text = render(&Audit { name, agents: agents.collect() }, format);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// A line for each finding, and one that sums up.
fn lines(name: &str, found: &[(Check, Vec<Finding>)], total: &Summary) -> String {
    let mut text = String::new();
    for finding in found.iter().flat_map(|(_, findings)| findings) {
        let column = finding.location.column.map(|column| format!(":{column}")).unwrap_or_default();
        let page = match (finding.location.page, finding.location.cell) {
            (None, _) => String::new(),
            (Some(page), None) => format!(" (page {page})"),
            (Some(sheet), Some(cell)) => format!(" (sheet {sheet}, cell {cell})"),
        };
        let (line, severity) = (finding.location.line, finding.severity.as_str());
        text.push_str(&format!("{name}:{line}{column}: {severity}[{}]{page}: {}\n", finding.rule, finding.message));
        if let Some(proof) = &finding.proof {
            text.push_str(&format!("    proof: {proof}\n"));
        }
    }
    let Summary { cells, proven, errors, warnings, .. } = total;
    text.push_str(&format!("{errors} errors, {warnings} warnings; {proven} of {cells} figures in tables are proven\n"));
    text
}

/// A file, or standard input; one byte more than may be, so that the reader says that it is too large.
fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let most = most as u64 + 1;
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn checklist(path: &Path) -> anyhow::Result<Checklist> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let checklist = if is_json { Checklist::from_json(&text) } else { Checklist::from_toml(&text) };
    checklist.with_context(|| format!("{} is not a checklist", path.display()))
}

/// Reads a PDF from standard input within limits on memory and time; see [`pdf::main_child`].
pub(super) fn read_pdf(memory: u64, seconds: u64) -> anyhow::Result<()> {
    use rlimit::Resource;
    for (resource, most) in [(Resource::AS, memory), (Resource::CPU, seconds), (Resource::CORE, 0)] {
        rlimit::setrlimit(resource, most, most).context("cannot limit itself")?;
    }
    Ok(pdf::main_child(io::stdin().lock(), io::stdout().lock(), &Limits::default())?)
}
