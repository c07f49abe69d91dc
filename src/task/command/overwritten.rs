//! Lines that end with a carriage return, as progress bars do: the next one takes their place, so that not all of them
//! are written.

use std::time::Duration;

use tokio::time::Instant;

/// At least so long lies between two of them that are written.
const PAUSE: Duration = Duration::from_millis(500);

/// What a command overwrites: the newest is written at most every [`PAUSE`], and the last one always.
#[derive(Debug, Default)]
pub(super) struct Overwritten {
    /// The newest one, where it was not written.
    newest: Option<String>,
    /// When one was written last.
    written: Option<Instant>,
    /// Whether the newest one was empty, which is written only where it turns out to be a whole line.
    is_blank: bool,
}

impl Overwritten {
    /// Takes the next one in; gives it back where it is to be written now.
    pub(super) fn push(&mut self, line: String, now: Instant) -> Option<String> {
        self.is_blank = line.is_empty();
        if !self.is_blank {
            self.newest = Some(line);
        }
        let waits = self.written.is_some_and(|written| now < written + PAUSE);
        if waits { None } else { self.take(now) }
    }

    /// When the newest one is to be written; `None` where it was.
    pub(super) fn due(&self) -> Option<Instant> {
        self.newest.as_ref()?;
        Some(self.written? + PAUSE)
    }

    /// Takes the newest one out, where it was not written: it is written now.
    pub(super) fn take(&mut self, now: Instant) -> Option<String> {
        let newest = self.newest.take()?;
        self.written = Some(now);
        Some(newest)
    }

    /// The newest one is not overwritten, but a whole line: its end has come in two pieces. Gives it back where it was not
    /// written.
    pub(super) fn settle(&mut self, now: Instant) -> Option<String> {
        let blank = std::mem::take(&mut self.is_blank).then(String::new);
        blank.or_else(|| self.take(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_written_at_most_twice_a_second() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut bar = Overwritten::default();
        let mut written: Vec<(u64, String)> = Vec::new();
        for step in 0..40 {
            // It takes the time that the timer would have woken it at.
            if let Some(due) = bar.due().filter(|due| *due <= at(step * 100)) {
                written.extend(bar.take(due).map(|line| (step * 100, line)));
            }
            written.extend(bar.push(step.to_string(), at(step * 100)).map(|line| (step * 100, line)));
        }
        assert_eq!(written.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 500, 1000, 1500, 2000, 2500, 3000, 3500]);
        assert_eq!(written[1].1, "4");
        assert_eq!(bar.take(at(4000)).as_deref(), Some("39"));
        assert_eq!((bar.take(at(4000)), bar.due()), (None, None));
    }

    #[test]
    fn an_empty_one_takes_no_place_and_is_written_where_it_is_a_line() {
        let now = Instant::now();
        let mut bar = Overwritten::default();
        assert_eq!(bar.push(String::new(), now), None);
        assert_eq!(bar.settle(now).as_deref(), Some(""));
        assert_eq!(bar.push("a".into(), now).as_deref(), Some("a"));
        assert_eq!(bar.settle(now), None);
        assert_eq!(bar.push("b".into(), now), None);
        assert_eq!(bar.settle(now).as_deref(), Some("b"));
        assert_eq!(bar.settle(now), None);
    }
}
