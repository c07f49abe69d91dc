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

/// Removes what has come to its end, for ever; `on_removed` gets whose each was, and its place.
pub(crate) async fn expire(memory: Memory, on_removed: impl Fn(&Owner, &Place)) {
    let mut after = None;
    loop {
        tokio::time::sleep(EVERY).await;
        for _ in 0..PAGES {
            match memory.expire_page(after.as_ref(), &on_removed).await {
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
    /// Removes what has come to its end among the values of all owners, behind that of this owner with this id; gives the
    /// last of the page, none where no more follow.
    pub(super) async fn expire_page(
        &self,
        after: Option<&(Owner, String)>,
        on_removed: &impl Fn(&Owner, &Place),
    ) -> Result<Option<(Owner, String)>, super::Error> {
        let after = after.map(|(owner, id)| (owner, id.as_str()));
        let ends = self.store.documents_of_all(ENDS, after, PAGE).await?;
        let last = ends.last().filter(|_| ends.len() == PAGE).map(|end| (end.owner.clone(), end.id.clone()));
        for end in ends.into_iter().filter(|end| is_over(moment(end))) {
            let Some((client_id, key)) = end.id.split_once('/') else { continue };
            let place = Place::checked(client_id, key);
            let of_owner = self.of(&end.owner);
            let value = self.store.document(&end.owner, super::VALUES, &end.id).await?;
            if of_owner.remove_stored(&place, &Stored { value, end: Some(end) }).await? {
                on_removed(&of_owner.owner, &place);
            }
        }
        Ok(last)
    }
}
