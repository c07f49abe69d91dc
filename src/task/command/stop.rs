//! How a command's process group is brought to its end, in time and with nothing left over.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::timeout;

use super::process::{Handle, Pipe, Process};
use super::protocol::ToCommand;

/// How long the outputs may stay open when the command has exited: something that it has started still holds them.
pub(super) const LINGER: Duration = Duration::from_secs(1);

const CHUNK: usize = 16 * 1024;

/// Says that the session is cancelled, and stops the command.
pub(super) async fn cancel(process: Handle, patience: Duration) {
    process.borrow_mut().send(&ToCommand::Cancel);
    stop(&process, patience).await;
}

/// Asks the group to end, and ends it where it has not done so within `patience`. Its output is thrown away.
pub(super) async fn stop(process: &Handle, patience: Duration) {
    // What was said last should be there when the signal comes.
    poll_fn(|context| {
        process.borrow_mut().poll_flush(context);
        Poll::Ready(())
    })
    .await;
    process.borrow().terminate();
    let _patient = timeout(patience, gone(process)).await;
    clear_away(process).await;
}

/// Ends what is left of the group, and reaps it.
pub(super) async fn clear_away(process: &Handle) {
    let killed = process.borrow_mut().take_apart();
    if let Some(killed) = killed
        && let Some(exit) = killed.reaped().await
    {
        process.borrow_mut().note_exit(exit);
    }
}

/// Waits until the command has exited and its outputs have ended, or have stayed open for [`LINGER`] after that.
async fn gone(process: &Handle) {
    let mut buffer = vec![0; CHUNK];
    poll_fn(|context| poll_exit(&mut process.borrow_mut(), context, &mut buffer)).await;
    let silent = poll_fn(|context| {
        let mut process = process.borrow_mut();
        drain(&mut process, context, &mut buffer);
        if process.is_silent() { Poll::Ready(()) } else { Poll::Pending }
    });
    let _silent = timeout(LINGER, silent).await;
}

fn poll_exit(process: &mut Process, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<()> {
    process.poll_flush(context);
    drain(process, context, buffer);
    process.poll_exit(context).map(|_| ())
}

/// Throws away what is there to read, so that the command is not held up by a full pipe.
fn drain(process: &mut Process, context: &mut Context<'_>, buffer: &mut [u8]) {
    for pipe in [Pipe::Out, Pipe::Err] {
        // A pipe that is never empty must not hold the thread; the runtime's own budget ends this.
        while process.poll_read(pipe, context, buffer).is_ready() {}
    }
}
