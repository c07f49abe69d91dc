//! What a client of an event socket says, and what becomes of it.

use std::rc::Rc;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::accept::Shared;
use super::super::dialect::feed::said::{self, Inbound as Said, Misunderstood, Publish, decode, written};
use super::super::inbound::{FORBIDDEN, Inbound, NEEDS_TOKEN, is_allowed};
use super::publish::{Publisher, Unpublished, tell_unpublished};
use crate::auth::Principal;
use crate::domain::event::{Filter, Subscription};
use crate::domain::time::Timestamp;
use crate::hub::Link;
use crate::hub::feed::Wants;

/// What hears a client of an event socket.
pub(super) struct FeedInbound {
    link: Rc<Link>,
    shared: Rc<Shared>,
    principal: Principal,
    /// Publishes what the client tells of, once it has told of something.
    publisher: Option<Publisher>,
}

impl FeedInbound {
    /// Hears the client of `link`.
    pub(super) fn new(link: Rc<Link>, shared: Rc<Shared>, principal: Principal) -> Self {
        Self { link, shared, principal, publisher: None }
    }

    /// Tells a client that something it said was not understood.
    pub(super) fn tell_misunderstood(&self, fault: &Misunderstood) {
        self.tell_error(fault.word(), &fault.to_string());
    }

    /// The same of a message that may have a `ref`, by which its client knows it.
    fn refuse(&self, fault: &Misunderstood, text: &str) {
        let reference = said::reference(text);
        if reference.is_null() {
            return self.tell_misunderstood(fault);
        }
        let (code, message) = (fault.word(), fault.to_string());
        self.link.count_error(code);
        self.tell(&json!({"type": "error", "code": code, "message": message, "ref": reference}));
    }

    /// Tells a client that it may not do that.
    fn forbid(&self, text: &str) {
        self.link.count_error(FORBIDDEN);
        let reference = said::reference(text);
        self.tell(&json!({"type": "error", "code": FORBIDDEN, "message": NEEDS_TOKEN, "ref": reference}));
    }

    fn publish(&mut self, publish: Box<Publish>) {
        let (link, shared) = (&self.link, &self.shared);
        let publisher = self.publisher.get_or_insert_with(|| Publisher::start(Rc::clone(link), Rc::clone(shared)));
        if let Err(publish) = publisher.take(publish) {
            tell_unpublished(link, &publish.reference, &Unpublished::TooFast);
        }
    }

    fn tell_error(&self, code: &'static str, message: &str) {
        self.link.count_error(code);
        self.tell(&json!({"type": "error", "code": code, "message": message}));
    }

    fn tell(&self, answer: &Value) {
        self.link.tell(self.link.dialect().answer(&answer.to_string()));
    }

    fn wants(&self) -> Wants {
        self.link.reader().map(|reader| reader.wants()).unwrap_or_default()
    }

    fn want(&self, answer: &str, subscriptions: Vec<Subscription>, filter: Filter) {
        let wants = Wants::new(subscriptions, filter);
        let words: Vec<String> = wants.subscriptions().iter().map(Subscription::word).collect();
        self.shared.links.want(&self.link, wants);
        self.tell(&json!({"type": answer, "subscriptions": words}));
    }

    fn subscribe(&self, more: Vec<Subscription>) {
        let before = self.wants();
        let is_new = |one: &Subscription| !before.subscriptions().contains(one);
        let is_metrics = more.iter().any(|one| *one == Subscription::Metrics && is_new(one));
        let mut all = before.subscriptions().to_vec();
        for one in more {
            if !all.contains(&one) {
                all.push(one);
            }
        }
        let most = self.shared.settings.max_subscriptions;
        if all.len() > most {
            return self
                .tell_error("too_many_subscriptions", &format!("a connection has at most {most} subscriptions"));
        }
        self.want("subscribed", all, before.filter().clone());
        if is_metrics {
            self.shared.tell_numbers(&self.link);
        }
    }

    fn unsubscribe(&self, less: &[Subscription]) {
        let before = self.wants();
        let left = before.subscriptions().iter().filter(|one| !less.contains(one)).cloned().collect();
        self.want("unsubscribed", left, before.filter().clone());
    }

    fn set_filter(&self, filter: Filter) {
        let answer = json!({"type": "filter_set", "filter": written(&filter)});
        self.shared.links.want(&self.link, Wants::new(self.wants().subscriptions().to_vec(), filter));
        self.tell(&answer);
    }

    fn pong(&self, timestamp: &RawValue) {
        #[derive(Serialize)]
        struct Pong<'a> {
            r#type: &'static str,
            timestamp: &'a RawValue,
            server_time: String,
        }
        let pong = Pong { r#type: "pong", timestamp, server_time: Timestamp::now().to_rfc3339() };
        // These types always can be written: their keys are strings.
        self.link.tell(self.link.dialect().answer(&serde_json::to_string(&pong).unwrap_or_default()));
    }
}

impl Inbound for FeedInbound {
    fn text(&mut self, text: &str) {
        match decode(text) {
            Ok((action, _)) if !is_allowed(&self.principal, action) => self.forbid(text),
            Ok((_, Said::Subscribe(more))) => self.subscribe(more),
            Ok((_, Said::Unsubscribe(less))) => self.unsubscribe(&less),
            Ok((_, Said::SetFilter(filter))) => self.set_filter(filter),
            Ok((_, Said::Publish(publish))) => self.publish(publish),
            Ok((_, Said::Ping { timestamp })) => self.pong(timestamp),
            Err(fault) => self.refuse(&fault, text),
        }
    }

    fn binary(&mut self) {
        self.tell_misunderstood(&Misunderstood::Invalid("messages are text frames".into()));
    }
}
