//! What the supervisor does when an executor reports something.

use std::sync::Arc;

use actix::Handler;

use super::Supervisor;
use crate::workflow::executor::messages::{Fact, Report};
use crate::workflow::routes::Route;

impl Handler<Report> for Supervisor {
    type Result = ();

    fn handle(&mut self, report: Report, ctx: &mut Self::Context) {
        let Report { key, generation, fact } = report;
        let Some(entry) = self.live.get_mut(&key).filter(|entry| entry.generation == generation) else {
            return answer_anyway(fact);
        };
        match fact {
            Fact::Ready { pulse, ids, waiting } => {
                entry.pulse = Some(pulse);
                entry.ids = ids;
                let route = Route { executor: entry.executor.clone(), node_ids: Arc::clone(&entry.ids) };
                self.routes.send_modify(|routes| drop(routes.insert(key, route)));
                if let Some((reply, status)) = waiting {
                    let _ = reply.send(Ok(*status));
                }
            }
            Fact::Ended { past } => {
                self.remember(*past);
                self.forget(&key, ctx);
            }
            Fact::Unusable => {
                self.forget(&key, ctx);
            }
        }
    }
}

/// The executor is not the one that counts any more; whoever asked it is answered all the same.
fn answer_anyway(fact: Fact) {
    if let Fact::Ready { waiting: Some((reply, status)), .. } = fact {
        let _ = reply.send(Ok(*status));
    }
}
