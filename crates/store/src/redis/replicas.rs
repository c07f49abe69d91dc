//! How many replicas of the engine must have something before anybody hears of it.

use std::time::Duration;

use redis::{Connection, RedisResult};

use super::link::{Failure, Link};
use super::place::Place;
use super::scripts::run;

/// See the module. None are waited for where it is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replicas(pub(super) u32);

impl Replicas {
    /// Writes something, and waits until enough have it; half of the time that an answer may take.
    pub(super) fn written<T>(
        self,
        link: &mut Link,
        mut write: impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, Failure> {
        let Self(wanted) = self;
        let patience = link.timeout() / 2;
        let (answer, reached) = link.call(|connection| {
            let answer = write(connection)?;
            Ok((answer, if wanted == 0 { 0 } else { wait(connection, wanted, patience)? }))
        })?;
        if reached < wanted {
            let address = link.address();
            return Err(Failure::Passing(format!(
                "{reached} of the {wanted} replicas of {address} that must have a commit have it"
            )));
        }
        Ok(answer)
    }

    /// Reads something, and waits until enough have all that was there by then: what they lack may be gone with the engine.
    pub(super) fn read<T>(
        self,
        link: &mut Link,
        place: &Place,
        mut read: impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, Failure> {
        if self == Self(0) {
            return link.call(read);
        }
        let mark = place.script(|scripts| &scripts.mark);
        self.written(link, |connection| {
            let answer = read(connection)?;
            run::<()>(&mark, connection)?;
            Ok(answer)
        })
    }
}

/// Waits until that many replicas have what this connection wrote last, or the time is up; gives how many have it.
fn wait(connection: &mut Connection, replicas: u32, patience: Duration) -> RedisResult<u32> {
    let millis = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX).max(1);
    redis::cmd("WAIT").arg(replicas).arg(millis).query(connection)
}
