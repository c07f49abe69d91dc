//! Bytes become a document; a PDF in a process of its own, as no library for PDFs is safe from every hostile file.

use std::io::{self, Read as _, Write as _};
use std::process::{Command, Stdio};

use callboard_audit::pdf::ChildResult;
use callboard_audit::{Document, Limits, MediaType, pdf};

use crate::config::audits::Audits;
use crate::process::Launcher;

/// The command of this program that reads a PDF.
pub(crate) const READ_PDF: &str = "read-pdf";

/// Most bytes of what it gives: the text of a PDF is smaller than the file, but for its places.
const OUTPUT_BYTES: u64 = 1 << 30;

/// What reading a PDF may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PdfLimits {
    /// Bytes of memory.
    pub(crate) memory: u64,
    /// Seconds of computing.
    pub(crate) seconds: u64,
}

impl From<&Audits> for PdfLimits {
    fn from(settings: &Audits) -> Self {
        Self { memory: settings.pdf_memory_bytes, seconds: settings.pdf_seconds }
    }
}

/// Reads a document. It blocks, and may take long.
///
/// # Errors
/// Why it cannot be read, for people.
pub(crate) fn read(
    bytes: &[u8],
    media_type: MediaType,
    limits: &Limits,
    of_pdf: PdfLimits,
    launcher: &Launcher,
) -> Result<Document, String> {
    let plain = |error: callboard_audit::Error| error.to_string();
    if media_type != MediaType::Pdf {
        return Document::read(bytes, media_type, limits).map_err(plain);
    }
    // A program that embeds the server is not one that reads PDFs.
    let pages = match launcher.wrapper.as_deref().and_then(<[String]>::first) {
        None => pdf::read_pdf(bytes, limits).map_err(plain)?,
        Some(program) => {
            let given = in_child(bytes, program, of_pdf, launcher);
            given.map_err(|_| "the process that reads PDFs cannot be started".to_owned())??
        }
    };
    Document::from_pages(pages, limits).map_err(plain)
}

/// Has another process read a PDF.
fn in_child(
    bytes: &[u8],
    program: &str,
    of_pdf: PdfLimits,
    launcher: &Launcher,
) -> io::Result<Result<pdf::Pages, String>> {
    let command = [program.to_owned(), READ_PDF.to_owned(), of_pdf.memory.to_string(), of_pdf.seconds.to_string()];
    let mut argv = launcher.argv(&command);
    let mut command = Command::new(argv.next().map_or(program, String::as_str));
    command.args(argv).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let mut output = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // A child that has gone reads nothing more, and its exit says why.
                let _ = stdin.write_all(bytes);
            }
        });
        stdout.map(|stdout| stdout.take(OUTPUT_BYTES).read_to_end(&mut output)).transpose()
    })?;
    if !child.wait()?.success() {
        return Ok(Err("the PDF cannot be read: it takes too much memory or time, or breaks the reader".into()));
    }
    let Ok(result) = serde_json::from_slice::<ChildResult>(&output) else {
        return Ok(Err("the PDF cannot be read".into()));
    };
    Ok(result.into_pages().map_err(|error| error.to_string()))
}
