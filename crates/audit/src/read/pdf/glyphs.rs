//! Collects the glyphs of a PDF and joins them to runs and lines.

use pdf_extract::{MediaBox, OutputDev, OutputError, Transform};

use super::{Page, PageLine, Pages};
use crate::figure::{Content, NumberStyle, read_cell};
use crate::{Error, Limits};

/// A glyph on the page, in points, `y` from the bottom.
struct Glyph {
    x: f64,
    y: f64,
    end: f64,
    size: f64,
    text: String,
}

/// Takes what the library draws.
pub(super) struct Glyphs<'l> {
    limits: &'l Limits,
    pages: Vec<Page>,
    page: Vec<Glyph>,
    count: usize,
    refused: Option<Error>,
}

impl<'l> Glyphs<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self { limits, pages: Vec::new(), page: Vec::new(), count: 0, refused: None }
    }

    pub(super) fn refused(&mut self) -> Option<Error> {
        self.refused.take()
    }

    pub(super) fn into_pages(self) -> Pages {
        Pages(self.pages)
    }
}

impl OutputDev for Glyphs<'_> {
    fn begin_page(
        &mut self,
        _number: u32,
        _media: &MediaBox,
        _art: Option<(f64, f64, f64, f64)>,
    ) -> Result<(), OutputError> {
        self.page.clear();
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), OutputError> {
        let glyphs = std::mem::take(&mut self.page);
        self.pages.push(Page { lines: lines_of(glyphs) });
        Ok(())
    }

    fn output_character(
        &mut self,
        trm: &Transform,
        width: f64,
        _spacing: f64,
        font_size: f64,
        char: &str,
    ) -> Result<(), OutputError> {
        self.count += 1;
        if self.count > self.limits.glyphs {
            self.refused = Some(Error::TooLarge { what: "characters", limit: self.limits.glyphs as u64 });
            return Err(OutputError::IoError(std::io::Error::other("too many characters")));
        }
        let (across, up) = (trm.m11.hypot(trm.m12), trm.m21.hypot(trm.m22));
        let size = (font_size * up).abs();
        let end = trm.m31 + width * font_size * across;
        // Text that is turned has no place in a line, and neither has what is drawn nowhere.
        let level = trm.m12.abs() <= trm.m11.abs() * 0.1 && trm.m11 > 0.0;
        let real = trm.m31.is_finite() && trm.m32.is_finite() && end.is_finite() && size.is_finite() && size > 0.0;
        if level && real && char.len() < 16 {
            self.page.push(Glyph { x: trm.m31, y: trm.m32, end, size, text: char.to_owned() });
        }
        Ok(())
    }

    fn begin_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

fn lines_of(mut glyphs: Vec<Glyph>) -> Vec<PageLine> {
    glyphs.sort_by(|a, b| b.y.total_cmp(&a.y).then(a.x.total_cmp(&b.x)));
    let mut rows: Vec<Vec<Glyph>> = Vec::new();
    let mut baseline = f64::INFINITY;
    for glyph in glyphs {
        // A superscript stands within half a line of its word.
        let same = (baseline - glyph.y).abs() <= glyph.size.max(4.0) * 0.4;
        match rows.last_mut() {
            Some(row) if same => row.push(glyph),
            _ => {
                baseline = glyph.y;
                rows.push(vec![glyph]);
            }
        }
    }
    let mut lines = Vec::with_capacity(rows.len());
    let mut above: Option<(f64, f64)> = None;
    for mut row in rows {
        row.sort_by(|a, b| a.x.total_cmp(&b.x));
        let (y, size) = row.first().map_or((0.0, 1.0), |glyph| (glyph.y, glyph.size));
        let runs = runs_of(row);
        if runs.is_empty() {
            continue;
        }
        let gap = above.is_some_and(|(above, size)| above - y > size * 2.2);
        above = Some((y, size));
        lines.push(PageLine { gap, runs });
    }
    lines
}

struct Word {
    x: f64,
    end: f64,
    size: f64,
    text: String,
}

/// Glyphs to words, and words to runs: a gap wider than a space begins a new run, a smaller one does between figures.
fn runs_of(row: Vec<Glyph>) -> Vec<(u32, u32, String)> {
    let mut words: Vec<Word> = Vec::new();
    let mut broken = true;
    for glyph in row {
        if glyph.text.chars().all(|c| c.is_whitespace() || c == '\u{a0}') {
            broken = true;
            continue;
        }
        match words.last_mut() {
            // Some writers draw bold text twice, a hair apart.
            Some(word) if (word.x - glyph.x).abs() < 0.5 && word.text == glyph.text => {}
            Some(word) if !broken && glyph.x - word.end < glyph.size * 0.15 => {
                word.text.push_str(&glyph.text);
                word.end = word.end.max(glyph.end);
            }
            Some(word) if glyph.x - word.end < glyph.size * 0.05 && !broken => {
                word.text.push_str(&glyph.text);
                word.end = word.end.max(glyph.end);
            }
            _ => words.push(Word { x: glyph.x, end: glyph.end, size: glyph.size, text: glyph.text }),
        }
        broken = false;
    }
    let is_figure = |text: &str| matches!(read_cell(text, NumberStyle::Unknown), Content::Figure(_));
    let mut runs: Vec<Word> = Vec::new();
    for word in words {
        match runs.last_mut() {
            Some(run) => {
                let gap = word.x - run.end;
                let figures = is_figure(&run.text) && is_figure(&word.text);
                let limit = if figures { 0.45 } else { 0.9 };
                if gap <= word.size.max(run.size) * limit {
                    run.text.push(' ');
                    run.text.push_str(&word.text);
                    run.end = run.end.max(word.end);
                } else {
                    runs.push(word);
                }
            }
            None => runs.push(word),
        }
    }
    runs.into_iter()
        .filter(|run| !is_leader(&run.text))
        .map(|run| (tenths(run.x), tenths(run.end), strip_leader(&run.text)))
        .collect()
}

/// Dots that lead from a label to its figure; three of them are a mark for zero.
fn is_leader(text: &str) -> bool {
    text.len() > 3 && text.chars().all(|c| matches!(c, '.' | ' ' | '_' | '…'))
}

fn strip_leader(text: &str) -> String {
    let bare = text.trim_end_matches(['.', ' ', '_']);
    let cut = text.len() - bare.len();
    if cut >= 4 && !bare.is_empty() { bare.to_owned() } else { text.to_owned() }
}

/// Tenths of a point; pages begin left of zero only by mistake.
fn tenths(points: f64) -> u32 {
    let bounded = (points * 10.0).clamp(0.0, 1_000_000.0);
    // Within the bounds set just above.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
    let whole = bounded as u32;
    whole
}
