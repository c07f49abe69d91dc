//! What a client of an event socket says, and what becomes of it.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::accept::Shared;
use super::super::dialect::event_socket::{self as said, Inbound as Said, Misunderstood, Publish, decode, written};
use super::super::entrance::Caller;
use super::super::inbound::{FORBIDDEN, Inbound};
use super::super::outcome::Outcome;
use super::publish::{Publisher, Unpublished, send_unpublished};
use crate::auth::Action;
use crate::auth::quotas::Share;
use crate::domain::event::{Filter, Selector};
use crate::domain::time::Timestamp;
use crate::hub::close::CloseCode;
use crate::hub::{EventFilter, Link};

/// What hears a client of an event socket.
pub(super) struct EventSocketInbound {
    link: Rc<Link>,
    shared: Rc<Shared>,
    caller: Rc<Caller>,
    /// Publishes what the client sends for that, once it has sent something.
    publisher: Option<Publisher>,
    /// The places of its subscriptions among those that the client may have.
    places: RefCell<Share>,
}

impl EventSocketInbound {
    /// Hears the client of `link`.
    pub(super) fn new(link: Rc<Link>, shared: Rc<Shared>, caller: Rc<Caller>) -> Self {
        Self { link, shared, caller, publisher: None, places: RefCell::default() }
    }

    /// Answers a client that something it said was not understood.
    pub(super) fn send_misunderstood(&self, fault: &Misunderstood) {
        self.send_error(fault.word(), &fault.to_string());
    }

    /// The same of a message that may have a `ref`, by which its client knows it.
    fn refuse(&self, fault: &Misunderstood, text: &str) {
        let reference = said::reference(text);
        if reference.is_null() {
            return self.send_misunderstood(fault);
        }
        let (code, message) = (fault.word(), fault.to_string());
        self.link.count_error(code);
        self.send(&json!({"type": "error", "code": code, "message": message, "ref": reference}));
    }

    /// Answers a client that it may not do that.
    pub(super) fn forbid(&self, message: &str, text: &str) {
        self.link.count_error(FORBIDDEN);
        let reference = said::reference(text);
        self.send(&json!({"type": "error", "code": FORBIDDEN, "message": message, "ref": reference}));
    }

    fn publish(&mut self, publish: Box<Publish>) {
        let (link, shared) = (&self.link, &self.shared);
        let principal = self.caller.principal();
        let start = || Publisher::start(Rc::clone(link), Rc::clone(shared), principal);
        let publisher = self.publisher.get_or_insert_with(start);
        if let Err(publish) = publisher.take(publish) {
            send_unpublished(link, &publish.reference, &Unpublished::TooFast);
        }
    }

    fn send_error(&self, code: &'static str, message: &str) {
        self.link.count_error(code);
        self.send(&json!({"type": "error", "code": code, "message": message}));
    }

    fn send(&self, answer: &Value) {
        self.link.answer(answer.to_string().as_bytes());
    }

    fn filter(&self) -> EventFilter {
        self.link.event_listener().map(|listener| listener.filter()).unwrap_or_default()
    }

    fn change(&self, answer: &str, subscriptions: Vec<Selector>, filter: Filter) {
        let filter = EventFilter::new(subscriptions, filter);
        let words: Vec<String> = filter.subscriptions().iter().map(Selector::word).collect();
        self.shared.links.set_filter(&self.link, filter);
        self.send(&json!({"type": answer, "subscriptions": words}));
    }

    /// Takes a place for each subscription among those that the client may have; gives whether there are so many. A client
    /// that wants more is closed.
    pub(super) fn takes_places(&self, subscriptions: &[Selector]) -> bool {
        let many = u32::try_from(subscriptions.len()).unwrap_or(u32::MAX);
        // What it has is free while the new number is taken.
        self.places.take();
        match self.caller.takes_places(&self.shared.gate.quotas, many) {
            Ok(places) => {
                self.places.replace(places);
                true
            }
            Err(too_many) => {
                self.send_error("rate_limited", &too_many.to_string());
                self.link.close(CloseCode::TooManyMessages);
                false
            }
        }
    }

    fn subscribe(&self, more: Vec<Selector>) {
        let before = self.filter();
        let is_new = |one: &Selector| !before.subscriptions().contains(one);
        let is_metrics = more.iter().any(|one| *one == Selector::Metrics && is_new(one));
        if is_metrics && let Some(lacking) = self.caller.lacks(Action::ReadMetrics) {
            return self.forbid(&lacking, "");
        }
        let mut all = before.subscriptions().to_vec();
        for one in more {
            if !all.contains(&one) {
                all.push(one);
            }
        }
        let most = self.shared.settings.max_subscriptions;
        if all.len() > most {
            return self
                .send_error("too_many_subscriptions", &format!("a connection has at most {most} subscriptions"));
        }
        if !self.takes_places(&all) {
            return;
        }
        self.change("subscribed", all, before.filter().clone());
        if is_metrics {
            self.shared.send_metrics(&self.link);
        }
    }

    fn unsubscribe(&self, less: &[Selector]) {
        let before = self.filter();
        let left: Vec<Selector> = before.subscriptions().iter().filter(|one| !less.contains(one)).cloned().collect();
        // Fewer always have room.
        let _ = self.takes_places(&left);
        self.change("unsubscribed", left, before.filter().clone());
    }

    fn set_filter(&self, filter: Filter) {
        let answer = json!({"type": "filter_set", "filter": written(&filter)});
        self.shared.links.set_filter(&self.link, EventFilter::new(self.filter().subscriptions().to_vec(), filter));
        self.send(&answer);
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
        self.link.answer(&serde_json::to_vec(&pong).unwrap_or_default());
    }
}

impl Inbound for EventSocketInbound {
    fn text(&mut self, text: &str) {
        match decode(text) {
            Ok((action, _)) if let Some(lacking) = self.caller.screen(action) => self.forbid(&lacking, text),
            Ok((_, Said::Subscribe(more))) => self.subscribe(more),
            Ok((_, Said::Unsubscribe(less))) => self.unsubscribe(&less),
            Ok((_, Said::SetFilter(filter))) => self.set_filter(filter),
            Ok((action, Said::Publish(publish))) => {
                let object = || format!("/api/v1/event-types/{}", publish.new_event.kind.word());
                self.caller.record_outcome(action, object, Outcome::Done);
                self.publish(publish);
            }
            Ok((_, Said::Ping { timestamp })) => self.pong(timestamp),
            Err(fault) => self.refuse(&fault, text),
        }
    }

    fn binary(&mut self) {
        self.send_misunderstood(&Misunderstood::Invalid("messages are text frames".into()));
    }
}
