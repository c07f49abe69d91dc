//! Output that is not saved: it takes no `seq`, and is sent in its place among what is journaled.

use crate::domain::entry::{Entry, Unsaved};
use crate::session::actor::Session;

impl Session {
    /// Shows a line or progress that is not saved; nobody sees it where nobody is connected now.
    pub(crate) fn show_unsaved(&mut self, lane: Option<&str>, entry: &Entry) {
        if !self.watchers.is_empty() && !self.state.status().is_terminal() {
            let timestamp = self.now();
            self.builder.pass(&Unsaved { entry, lane, save_state: false, timestamp });
        }
    }

    /// Sends what is to be shown and comes with nothing to store: behind the rows that wait for their commit, or at once.
    pub(crate) fn send_unsaved(&mut self) {
        let passing = self.builder.take_passing();
        if passing.is_empty() {
            return;
        }
        if let Some(passing) = self.pending_rows.show_after_last(passing) {
            self.show_to_members(&passing);
            self.watchers.show(self.id, passing, self.environment.settings.max_unwritten_bytes);
        }
    }
}
