//! How values that are kept for a time are removed once that is over.

use std::time::Duration;

use super::{ENDS, Memory, Place, Stored, is_over, moment};
use crate::domain::owner::Owner;

/// How often it is looked for them. Until then they take room, and nobody is given them.
const EVERY: Duration = Duration::from_secs(30);

/// How many are looked at in one go.
const PAGE: usize = 500;

/// How many pages are looked at each time, so that a great many do not hold up the store: the next time goes on behind them.
const PAGES: usize = 20;

/// Removes what has come to its end, for ever; `on_removed` gets each place.
pub(crate) async fn expire(memory: Memory, on_removed: impl Fn(&Place)) {
    let mut after = None;
    loop {
        tokio::time::sleep(EVERY).await;
        for _ in 0..PAGES {
            match memory.expire_page(after.as_deref(), &on_removed).await {
                Ok(last) => after = last,
                Err(error) => {
                    log::warn!(error:%; "what is kept for a time could not be removed");
                    break;
                }
            }
            if after.is_none() {
                break;
            }
        }
    }
}

impl Memory {
    /// Removes what has come to its end among the values after this id; gives the last id of the page, none where no more
    /// follow.
    pub(super) async fn expire_page(
        &self,
        after: Option<&str>,
        on_removed: &impl Fn(&Place),
    ) -> Result<Option<String>, super::Error> {
        let ends = self.store.documents(&Owner::SERVER, ENDS, after, PAGE).await?;
        let last = ends.last().filter(|_| ends.len() == PAGE).map(|end| end.id.clone());
        for end in ends.into_iter().filter(|end| is_over(moment(end))) {
            let Some((client_id, key)) = end.id.split_once('/') else { continue };
            let place = Place::checked(client_id, key);
            let value = self.store.document(&Owner::SERVER, super::VALUES, &end.id).await?;
            if self.remove_stored(&place, &Stored { value, end: Some(end) }).await? {
                on_removed(&place);
            }
        }
        Ok(last)
    }
}
