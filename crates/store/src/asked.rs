//! What somebody is shown beside their own: the sessions that ask them something, and those questions.
//!
//! An engine finds what is one owner's, and what asks one assignee, each by an index that has the order of lists. Here the
//! two are put together: of each as much is read as a list may have, so that nothing between two of them is missed.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::engine::Read;
use super::search::MOST_LOOKED_AT;
use super::{Counts, Error, Found, ListRequests, ListSessions, RequestPage, SessionKey, StoredRequest, Summary};

impl ListSessions {
    /// The queries that an engine answers one by one: for what is the owner's, and for each assignee.
    fn parts(&self) -> impl Iterator<Item = ListSessions> + '_ {
        let own = ListSessions { also_asking: Vec::new(), ..self.clone() };
        let asking = self.also_asking.iter().map(|assignee| {
            let (owner, also_asking, asking) = (None, Vec::new(), Some(assignee.clone()));
            ListSessions { owner, also_asking, asking, ..self.clone() }
        });
        std::iter::once(own).chain(asking)
    }
}

/// See [`Read::list`].
pub(super) fn list(read: &mut impl Read, query: &ListSessions) -> Result<Vec<Summary>, Error> {
    if query.also_asking.is_empty() {
        return read.list(query);
    }
    let mut listed = Vec::new();
    for part in query.parts() {
        listed.extend(read.list(&part)?);
    }
    newest_first(&mut listed);
    listed.truncate(query.limit);
    Ok(listed)
}

/// See [`Read::search`].
pub(super) fn search(read: &mut impl Read, words: &[String], query: &ListSessions) -> Result<Found, Error> {
    if query.also_asking.is_empty() {
        return read.search(words, query);
    }
    let mut all = Found { is_complete: true, ..Found::default() };
    for part in query.parts() {
        let Found { sessions, is_complete, broken_off_at } = read.search(words, &part)?;
        all.sessions.extend(sessions);
        all.is_complete &= is_complete;
        all.broken_off_at = all.broken_off_at.max(broken_off_at);
    }
    newest_first(&mut all.sessions);
    if let Some(first_missed) = all.broken_off_at {
        all.sessions.retain(|summary| summary.key > first_missed);
    }
    if all.sessions.len() > query.limit {
        all.sessions.truncate(query.limit);
        all.broken_off_at = None;
    }
    Ok(all)
}

/// See [`Read::count`].
pub(super) fn count(read: &mut impl Read, words: &[String], query: &ListSessions) -> Result<Counts, Error> {
    let mut parts = query.parts();
    let Some(own) = parts.next() else { return Ok(Counts::default()) };
    let mut counts = read.count(words, &own)?;
    let mut counted = HashSet::<SessionKey>::new();
    for part in parts {
        let part = ListSessions { status: Vec::new(), before: None, limit: MOST_LOOKED_AT, ..part };
        let found = if words.is_empty() {
            let sessions = read.list(&part)?;
            Found { is_complete: sessions.len() < MOST_LOOKED_AT, sessions, broken_off_at: None }
        } else {
            read.search(words, &part)?
        };
        counts.is_complete &= found.is_complete;
        for summary in found.sessions {
            let is_own = own.owner.as_ref().is_some_and(|owner| summary.owner == *owner);
            if !is_own && counted.insert(summary.key) {
                counts.add(summary.state.status, 1);
            }
        }
    }
    Ok(counts.sorted())
}

/// See [`Read::requests`].
pub(super) fn requests(read: &mut impl Read, query: &ListRequests) -> Result<RequestPage, Error> {
    if query.also_asking.is_empty() {
        return read.requests(query);
    }
    let key = |request: &StoredRequest| request.cursor().key(query.order);
    let mut found = Vec::new();
    // Of a part that has more, what is behind its end is not known.
    let (mut known_to, mut last_event) = (None, u64::MAX);
    let own = ListRequests { also_asking: Vec::new(), ..query.clone() };
    let asking = query.also_asking.iter().map(|assignee| {
        let (owner, also_asking, asking) = (None, Vec::new(), Some(assignee.clone()));
        ListRequests { owner, also_asking, asking, ..query.clone() }
    });
    for part in std::iter::once(own).chain(asking) {
        let page = read.requests(&part)?;
        // What changes between two of them is in the events behind the first.
        last_event = last_event.min(page.last_event);
        if page.has_more {
            let end = page.requests.last().map(key);
            known_to = [known_to, end].into_iter().flatten().min();
        }
        found.extend(page.requests);
    }
    found.sort_by_key(key);
    found.dedup_by_key(|request| request.place);
    let all = found.len();
    found.retain(|request| known_to.is_none_or(|end| key(request) <= end));
    let is_cut = known_to.is_some() || found.len() < all;
    let mut page = RequestPage::of(found.into_iter().map(Ok), query, last_event)?;
    page.has_more |= is_cut;
    Ok(page)
}

fn newest_first(sessions: &mut Vec<Summary>) {
    sessions.sort_unstable_by_key(|summary| Reverse(summary.key));
    sessions.dedup_by_key(|summary| summary.key);
}
