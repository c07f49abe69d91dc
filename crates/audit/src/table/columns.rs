//! Finds the columns of a table by what overlaps from row to row.

use std::collections::HashMap;

use super::build::Token;
use crate::figure::Content;

/// A column: the range it takes up from left to right.
#[derive(Debug, Clone)]
struct Cluster {
    start: u32,
    end: u32,
    numeric: bool,
    /// Some of the rows that have a cell in it, to see whether two ranges are one column.
    rows: Vec<u32>,
}

/// How many rows a range remembers.
const SAMPLE: usize = 24;

/// The columns of a table, from left to right.
#[derive(Debug)]
pub(super) struct Clusters {
    list: Vec<Cluster>,
}

impl Clusters {
    pub(super) fn of(tokens: &[Token], starts: &[usize]) -> Self {
        let figures = ranges(tokens, starts, Token::is_amount);
        let mut list = cluster(figures, true);
        list.sort_by_key(|cluster| cluster.start);
        let outside = |token: &Token| {
            !token.is_amount() && !list.iter().any(|cluster| token.start < cluster.end && cluster.start < token.end)
        };
        let texts = ranges(tokens, starts, outside);
        let texts = cluster(texts, false);
        list.extend(texts);
        list.sort_by_key(|cluster| cluster.start);
        Self { list }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_numeric(&self, column: usize) -> bool {
        self.list.get(column).is_some_and(|cluster| cluster.numeric)
    }

    /// The columns that a cell stands over.
    pub(super) fn covered(&self, token: &Token) -> std::ops::Range<usize> {
        let from = self.list.partition_point(|cluster| cluster.end <= token.start);
        let to = self.list.partition_point(|cluster| cluster.start < token.end);
        from..to
    }

    /// The one column that a cell belongs to: that of the greatest overlap, the last of equal ones.
    pub(super) fn column_of(&self, token: &Token) -> Option<usize> {
        let overlap = |column: &usize| {
            self.list
                .get(*column)
                .map_or(0, |cluster| cluster.end.min(token.end).saturating_sub(cluster.start.max(token.start)))
        };
        self.covered(token).max_by_key(overlap)
    }

    /// Whether a whole number stands in the leftmost column: it may number the row, before the label.
    pub(super) fn is_reference(&self, token: &Token) -> bool {
        let whole = matches!(&token.content, Content::Figure(figure) if figure.decimals() == 0 && !figure.mark && !figure.grouped);
        whole
            && self
                .list
                .first()
                .is_some_and(|first| first.numeric && token.start >= first.start && token.end <= first.end)
    }
}

type Ranges = HashMap<(u32, u32), Vec<u32>>;

fn ranges(tokens: &[Token], starts: &[usize], wanted: impl Fn(&Token) -> bool) -> Ranges {
    let mut ranges = Ranges::new();
    for (row, &from) in starts.iter().enumerate() {
        let to = starts.get(row + 1).copied().unwrap_or(tokens.len());
        for token in tokens.get(from..to).unwrap_or_default().iter().filter(|token| wanted(token)) {
            let rows = ranges.entry((token.start, token.end)).or_default();
            if rows.len() < SAMPLE {
                rows.push(u32::try_from(row).unwrap_or(u32::MAX));
            }
        }
    }
    ranges
}

/// Narrow ranges first: a wide cell over several columns does not make them one.
fn cluster(ranges: Ranges, numeric: bool) -> Vec<Cluster> {
    let mut ranges: Vec<((u32, u32), Vec<u32>)> = ranges.into_iter().collect();
    ranges.sort_unstable_by_key(|((start, end), _)| (end - start, *start));
    // Sorted by place and without overlaps, all the time.
    let mut list: Vec<Cluster> = Vec::new();
    for ((start, end), rows) in ranges {
        let from = list.partition_point(|cluster| cluster.end <= start);
        let to = list.partition_point(|cluster| cluster.start < end);
        let overlapping = list.get(from..to).unwrap_or_default();
        if overlapping.is_empty() {
            list.insert(from, Cluster { start, end, numeric, rows });
            continue;
        }
        let mut all = rows;
        let distinct = overlapping.iter().all(|cluster| {
            let apart = cluster.rows.iter().all(|row| !all.contains(row));
            if apart {
                all.extend(cluster.rows.iter().take(SAMPLE));
            }
            apart
        });
        if !distinct && overlapping.len() > 1 {
            continue;
        }
        all.truncate(SAMPLE * 4);
        let start = overlapping.first().map_or(start, |cluster| cluster.start.min(start));
        let end = overlapping.last().map_or(end, |cluster| cluster.end.max(end));
        list.splice(from..to, [Cluster { start, end, numeric, rows: all }]);
    }
    list
}
