//! The link in the news of a question, by which whoever gets it can answer.

use std::time::Duration;

use serde_json::{Value, json};

use crate::auth::links::{ANSWER_PAGE, Links, NewLink};
use crate::auth::{Error, Principal};
use crate::config::{Settings, seconds};
use crate::domain::id::{RequestId, SessionId};

/// Makes links. Cloning shares it.
#[derive(Clone)]
pub(super) struct Invitations {
    links: Links,
    /// What they begin with.
    base: String,
    good_for: Duration,
}

impl Invitations {
    /// By these settings; nothing where they do not say what links begin with.
    pub(super) fn new(settings: &Settings, links: Links) -> Option<Self> {
        let base = settings.server.public_url.as_ref()?.trim_end_matches('/').to_owned();
        Some(Self { links, base, good_for: seconds(settings.auth.link_lifetime) })
    }

    /// A link for this question, as the news has it.
    ///
    /// # Errors
    /// Where none can be kept.
    pub(super) async fn invite(&self, session_id: SessionId, request_id: RequestId) -> Result<Value, Error> {
        let new = NewLink { session_id, request_id, name: None, good_for: self.good_for };
        let made = self.links.make(&Principal::server(), new).await?;
        Ok(json!({"url": format!("{}{ANSWER_PAGE}{}", self.base, made.token), "expires_at": made.expires_at}))
    }
}
