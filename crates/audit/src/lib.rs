//! Reads reports and finds figures, dates and references in them that contradict each other.
//!
//! Nothing is a fault because a rule says so: how a table adds up, how a document numbers its notes, what its columns of
//! percentages compare are learned from the document itself. Only what breaks a reading that holds elsewhere in it is a
//! warning or an error, and the finding names where else it holds.
//!
//! | Module | What it has |
//! |---|---|
//! | [`Document`] | blocks, tables, tagged figures and links of a document, each with its place |
//! | `read` | one reader per format: Markdown, text, CSV, HTML with inline XBRL, XLSX, [`pdf`] |
//! | [`figure`] | a figure as printed: exact digits, unit, sign, how far rounding may have moved it |
//! | [`table`] | the one table model: rows, columns, and what they hold |
//! | [`check`] | the three checks, and [`check::run`], which reports findings as they are found |
//! | [`report`] | Markdown, CSV, SARIF and JSON |
//!
//! ```
//! use callboard_audit::check::{self, Check, Options};
//! use callboard_audit::{Document, Limits, media_type_of};
//!
//! let report = "\
//! | | 2024 | 2023 |
//! |---|---|---|
//! | Retail | 4,211 | 3,958 |
//! | Wholesale | 1,877 | 1,640 |
//! | Total | 6,088 | 5,698 |
//! ";
//! let media_type = media_type_of("report.md", report.as_bytes())?;
//! let document = Document::read(report.as_bytes(), media_type, &Limits::default())?;
//! let (findings, summary) = check::findings(&document, Check::NumericValidation, &Options::default());
//!
//! // 3,958 + 1,640 is 5,598; the column of 2024 shows that the lines do add up.
//! assert_eq!(findings[0].expected.as_deref(), Some("5598"));
//! assert_eq!(findings[0].location.line, 5);
//! assert_eq!(summary.errors + summary.warnings, 1);
//! # Ok::<(), callboard_audit::Error>(())
//! ```

pub mod check;
mod document;
mod error;
pub mod figure;
mod finding;
mod limits;
mod media;
mod read;
pub mod report;
pub mod table;

pub use document::{Block, BlockKind, Document, Fact, Link, Place, Span};
pub use error::Error;
pub use finding::{Finding, Location, Severity};
pub use limits::Limits;
pub use media::{MediaType, media_type_of};
pub use read::pdf;
