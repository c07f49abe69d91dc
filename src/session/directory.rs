//! The sessions of one worker.

use super::messages::For;

/// The sessions of one worker: finds, wakes and parks them.
#[derive(Debug)]
pub struct Directory;

impl actix::Actor for Directory {
    type Context = actix::Context<Self>;
}

impl<M: super::messages::Addressed> actix::Handler<For<M>> for Directory {
    type Result = ();

    fn handle(&mut self, _: For<M>, _: &mut Self::Context) {}
}

impl actix::Handler<super::messages::StartSession> for Directory {
    type Result = ();

    fn handle(&mut self, _: super::messages::StartSession, _: &mut Self::Context) {}
}
