//! Pages of journals as they were read and written last: many connections that read the same stretch share it.
//!
//! Lives on one thread. A page is kept only for as long as it is in an outbox, or somebody waits for it; so readers that
//! stand still at one place hold one page together, and not one each.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, Shared, WeakShared};

use crate::session::messages::Refused;
use crate::store::SessionKey;

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct PageId {
    /// The session.
    pub(super) key: SessionKey,
    /// The `seq` behind which it begins.
    pub(super) after: u64,
    /// The `seq` with which it ends at the latest.
    pub(super) last_seq: u64,
    /// What it is written in.
    pub(super) dialect: &'static str,
}

/// Some entries, ready for the socket.
#[derive(Clone, Debug)]
pub(super) struct EncodedPage {
    pub(super) frames: Bytes,
    /// How many entries these are.
    pub(super) count: usize,
    /// The `seq` of the last of them.
    pub(super) last: u64,
    /// Whether the session's last entry is among them.
    pub(super) is_end: bool,
}

/// What comes of reading a page.
pub(super) type Read = Result<EncodedPage, Refused>;

type Reading = LocalBoxFuture<'static, Read>;

/// The pages that somebody holds.
#[derive(Default)]
pub(in crate::connection) struct Pages(RefCell<HashMap<PageId, Known>>);

enum Known {
    /// Somebody reads it just now.
    Read(WeakShared<Reading>),
    /// It is in an outbox.
    Held(Weak<Vec<u8>>, EncodedPage),
}

/// Text that an outbox holds.
struct Text(Arc<Vec<u8>>);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Known {
    fn is_there(&self) -> bool {
        match self {
            Known::Read(reading) => reading.upgrade().is_some(),
            Known::Held(text, _) => text.strong_count() > 0,
        }
    }
}

impl Pages {
    /// A page: the one that somebody holds or reads already, or what `read` gives.
    pub(super) async fn get(&self, id: PageId, read: impl FnOnce() -> Reading) -> Read {
        let reading = match self.known(&id) {
            Some(Found::Page(page)) => return Ok(page),
            Some(Found::Reading(reading)) => reading,
            None => self.begin(id, read()),
        };
        let page = reading.await?;
        Ok(self.hold(id, page))
    }

    fn begin(&self, id: PageId, reading: Reading) -> Shared<Reading> {
        let reading = reading.shared();
        let mut known = self.0.borrow_mut();
        known.retain(|_, known| known.is_there());
        known.extend(reading.downgrade().map(|weak| (id, Known::Read(weak))));
        reading
    }

    fn known(&self, id: &PageId) -> Option<Found> {
        match self.0.borrow().get(id)? {
            Known::Read(reading) => reading.upgrade().map(Found::Reading),
            Known::Held(text, page) => text.upgrade().map(|text| Found::Page(page.of(text))),
        }
    }

    /// Keeps a page that was read, unless one of those who waited for it has done so.
    fn hold(&self, id: PageId, page: EncodedPage) -> EncodedPage {
        if let Some(Found::Page(held)) = self.known(&id) {
            return held;
        }
        let text = Arc::new(Vec::from(page.frames.clone()));
        let known = Known::Held(Arc::downgrade(&text), EncodedPage { frames: Bytes::new(), ..page.clone() });
        self.0.borrow_mut().insert(id, known);
        page.of(text)
    }
}

enum Found {
    Reading(Shared<Reading>),
    Page(EncodedPage),
}

impl EncodedPage {
    /// The same with this text.
    fn of(&self, text: Arc<Vec<u8>>) -> EncodedPage {
        EncodedPage { frames: Bytes::from_owner(Text(text)), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;
    use tokio::sync::Notify;

    const ID: PageId = PageId { key: SessionKey(7), after: 0, last_seq: 9, dialect: "session" };

    fn page() -> EncodedPage {
        EncodedPage { frames: Bytes::from_static(b"frames"), count: 1, last: 9, is_end: false }
    }

    #[actix::test]
    async fn a_page_that_somebody_holds_is_not_read_again() {
        let (pages, reads) = (Pages::default(), Cell::new(0));
        let read = || {
            || {
                reads.set(reads.get() + 1);
                std::future::ready(Ok(page())).boxed_local()
            }
        };
        let first = pages.get(ID, read()).await.unwrap();
        let second = pages.get(ID, read()).await.unwrap();
        assert_eq!((reads.get(), second.last, &second.frames[..]), (1, 9, &b"frames"[..]));
        assert_eq!(first.frames.as_ptr(), second.frames.as_ptr());
        drop((first, second));
        pages.get(ID, read()).await.unwrap();
        assert_eq!(reads.get(), 2);
    }

    #[actix::test]
    async fn those_who_come_while_it_is_read_wait_for_the_same() {
        let (pages, go) = (Pages::default(), Rc::new(Notify::new()));
        let read = || {
            let go = Rc::clone(&go);
            move || {
                async move {
                    go.notified().await;
                    Ok(page())
                }
                .boxed_local()
            }
        };
        let never = || -> Reading { unreachable!("it is read already") };
        let release = async {
            tokio::task::yield_now().await;
            go.notify_one();
        };
        let (first, second, ()) = futures::join!(pages.get(ID, read()), pages.get(ID, never), release);
        assert_eq!(first.unwrap().frames.as_ptr(), second.unwrap().frames.as_ptr());
        let refused =
            pages.get(PageId { after: 1, ..ID }, || std::future::ready(Err(Refused::UnknownSession)).boxed_local());
        assert_eq!(refused.await.unwrap_err(), Refused::UnknownSession);
    }
}
