//! Tokens that were found to be good on this thread, by their digests: checking a signature costs twenty times as much.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::super::Grant;
use super::{Issuers, Taken};
use crate::domain::time::Timestamp;

/// Most tokens that are remembered.
const MOST: usize = 4096;

/// Good tokens, and by whose keys.
#[derive(Default)]
struct Cache {
    issuers: Option<Arc<Issuers>>,
    taken: HashMap<[u8; 32], Taken>,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// What a token grants that is remembered, or is found to be good now. What keys found that are not used any more is
/// forgotten.
pub(super) fn find_or(
    issuers: &Arc<Issuers>,
    token: &str,
    now: Timestamp,
    verify: impl FnOnce() -> Option<Taken>,
) -> Option<Arc<Grant>> {
    let digest = Sha256::digest(token).into();
    CACHE.with_borrow_mut(|cache| {
        if !cache.issuers.as_ref().is_some_and(|known| Arc::ptr_eq(known, issuers)) {
            cache.taken.clear();
            cache.issuers = Some(Arc::clone(issuers));
        }
        if let Some(taken) = cache.taken.get(&digest).filter(|taken| now < taken.until) {
            return Some(Arc::clone(&taken.grant));
        }
        let taken = verify()?;
        if cache.taken.len() >= MOST {
            cache.taken.retain(|_, taken| now < taken.until);
        }
        if cache.taken.len() >= MOST {
            cache.taken.clear();
        }
        let grant = Arc::clone(&taken.grant);
        cache.taken.insert(digest, taken);
        Some(grant)
    })
}
