//! What the supervisor does when an executor reports something.

use actix::Handler;

use super::Supervisor;
use super::keep::Waiting;
use crate::workflow::executor::messages::{Fact, Report};

impl Handler<Report> for Supervisor {
    type Result = ();

    fn handle(&mut self, report: Report, ctx: &mut Self::Context) {
        let Report { workflow_id, generation, fact } = report;
        let Some(entry) = self.live.get_mut(&*workflow_id).filter(|entry| entry.generation == generation) else {
            return answer_anyway(fact);
        };
        match fact {
            Fact::Ready { pulse, ids, definition, waiting } => {
                entry.pulse = Some(pulse);
                entry.ids = ids;
                entry.definition = *definition;
                let wish = entry.wish();
                if entry.comes_back() {
                    let waiting = waiting.map(|(reply, status)| -> Waiting {
                        Box::new(move |written| {
                            let _ = reply.send(written.map(|()| *status));
                        })
                    });
                    self.keep(&workflow_id, wish, waiting, ctx);
                } else if let Some((reply, status)) = waiting {
                    let _ = reply.send(Ok(*status));
                }
            }
            Fact::InputChanged { applied, value, reply } => {
                let inputs = entry.inputs.entry(applied.node_id.clone()).or_default();
                inputs.insert(applied.input_name.clone(), value);
                let wish = entry.wish();
                if let Some(reply) = reply {
                    let waiting: Waiting = Box::new(move |written| {
                        let _ = reply.send(written.map(|()| applied));
                    });
                    self.keep(&workflow_id, wish, Some(waiting), ctx);
                }
            }
            Fact::Resumed { options, waiting: (reply, status) } => {
                entry.options = options;
                entry.is_paused = false;
                let wish = entry.wish();
                let waiting: Waiting = Box::new(move |written| {
                    let _ = reply.send(written.map(|()| *status));
                });
                self.keep(&workflow_id, wish, Some(waiting), ctx);
            }
            Fact::Ended { past, waiting } => {
                self.remember(*past);
                self.forget(&workflow_id, ctx);
                self.keep_no_more(&workflow_id, waiting, ctx);
            }
            Fact::Unusable => {
                self.forget(&workflow_id, ctx);
            }
        }
    }
}

/// The executor is not the one that counts any more; whoever asked it is answered all the same.
fn answer_anyway(fact: Fact) {
    match fact {
        Fact::Ready { waiting: Some((reply, status)), .. } => {
            let _ = reply.send(Ok(*status));
        }
        Fact::Resumed { waiting: (reply, status), .. } => {
            let _ = reply.send(Ok(*status));
        }
        Fact::InputChanged { applied, reply: Some(reply), .. } => {
            let _ = reply.send(Ok(applied));
        }
        Fact::Ended { waiting: Some((reply, status)), .. } => {
            let _ = reply.send(Ok(Some(*status)));
        }
        Fact::Ready { waiting: None, .. }
        | Fact::InputChanged { reply: None, .. }
        | Fact::Ended { waiting: None, .. }
        | Fact::Unusable => {}
    }
}
