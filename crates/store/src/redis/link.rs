//! One connection to the engine: made when it is needed, with time-outs of ours, and given up once something is wrong
//! with it. A command that is given up may have been carried out: whatever is sent must bear being sent twice.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::io::tcp::TcpSettings;
use redis::{
    Client, Connection, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisConnectionInfo, RedisError,
    RedisResult, ServerErrorKind,
};

use super::address::{Address, Endpoint};
use crate::Error;

/// See the module.
pub(super) struct Link {
    address: Arc<Address>,
    timeout: Duration,
    connection: Option<Connection>,
}

/// Why the engine did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It cannot be reached, or cannot do it now: later it may.
    Passing(String),
    /// It will not do it, until somebody changes something.
    Lasting(String),
}

impl Failure {
    /// Why, in words for the operator.
    pub(super) fn reason(&self) -> &str {
        match self {
            Failure::Passing(reason) | Failure::Lasting(reason) => reason,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Passing(reason) | Failure::Lasting(reason) => Error::Unavailable(reason),
        }
    }
}

impl Link {
    /// To this address; nothing takes longer than `timeout`.
    pub(super) fn new(address: Arc<Address>, timeout: Duration) -> Self {
        Self { address, timeout, connection: None }
    }

    /// How long the engine may take for an answer.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Where it leads.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Does this over the connection; once more over a new one where the old one turns out to be broken.
    pub(super) fn call<T>(&mut self, mut work: impl FnMut(&mut Connection) -> RedisResult<T>) -> Result<T, Failure> {
        if let Some(connection) = &mut self.connection {
            match work(connection) {
                Err(error) if breaks(&error) => self.connection = None,
                done => return done.map_err(|error| self.explain(&error)),
            }
        }
        let mut connection = self.connect().map_err(|error| self.explain(&error))?;
        let done = work(&mut connection);
        if !done.as_ref().is_err_and(breaks) {
            self.connection = Some(connection);
        }
        done.map_err(|error| self.explain(&error))
    }

    /// A connection of its own, for who uses it in another way.
    pub(super) fn connection(&self) -> Result<Connection, Failure> {
        self.connect().map_err(|error| self.explain(&error))
    }

    fn connect(&self) -> RedisResult<Connection> {
        let until = Instant::now() + self.timeout;
        let engine = match (&self.address.service, self.address.hosts.as_slice()) {
            (Some(service), sentinels) => ask_sentinels(sentinels, service, until)?,
            (None, [engine, ..]) => engine.clone(),
            (None, []) => return Err(RedisError::from((ErrorKind::InvalidClientConfig, "no host is named"))),
        };
        let Address { is_encrypted, user, password, database, .. } = &*self.address;
        let mut settings = RedisConnectionInfo::default().set_db(*database).set_skip_set_lib_name();
        if let Some(user) = user {
            settings = settings.set_username(user);
        }
        if let Some(password) = password {
            settings = settings.set_password(password.reveal());
        }
        let mut connection = dial(&engine, *is_encrypted, settings, until)?;
        connection.set_read_timeout(Some(self.timeout))?;
        connection.set_write_timeout(Some(self.timeout))?;
        if self.address.service.is_some() {
            // A Sentinel may not know yet that another has become the primary.
            let role: Vec<redis::Value> = redis::cmd("ROLE").query(&mut connection)?;
            let role = role.into_iter().next().and_then(|word| redis::from_redis_value::<String>(word).ok());
            if role.as_deref() != Some("master") {
                return Err(RedisError::from(io::Error::other("the Sentinels name a replica; they change over")));
            }
        }
        Ok(connection)
    }

    /// The failure as a sentence for the operator. Nothing of the address's password is in it.
    fn explain(&self, error: &RedisError) -> Failure {
        let address = &self.address;
        if error.is_timeout() {
            return Failure::Passing(format!("{address} did not answer within {} s", self.timeout.as_secs_f64()));
        }
        if error.is_io_error() {
            return Failure::Passing(format!("{address} cannot be reached: {error}"));
        }
        if error.kind() == ErrorKind::AuthenticationFailed {
            return Failure::Lasting(format!("{address} refuses the user or the password in store.url"));
        }
        match error.code() {
            Some("LOADING") => Failure::Passing(format!("{address} is still loading its data")),
            Some("MASTERDOWN" | "TRYAGAIN" | "BUSY" | "NOREPLICAS") => {
                Failure::Passing(format!("{address} is not ready: {error}"))
            }
            Some("READONLY") => Failure::Passing(format!("{address} is a replica, which takes no writes")),
            Some("OOM") => Failure::Passing(format!("{address} has no memory left: raise its maxmemory")),
            Some("MISCONF") => Failure::Passing(format!("{address} cannot write to its disk: see its log")),
            Some("NOAUTH") => Failure::Lasting(format!("{address} asks for a password: give it in store.url")),
            Some("WRONGPASS") => Failure::Lasting(format!("{address} refuses the user or the password in store.url")),
            Some("NOPERM") => {
                Failure::Lasting(format!("{address} does not let the user in store.url do what it must: {error}"))
            }
            Some("MOVED" | "ASK" | "CLUSTERDOWN" | "CROSSSLOT") => Failure::Lasting(format!(
                "{address} is a node of a Redis Cluster, which is not supported: use a single Redis, or one with Sentinel"
            )),
            _ => Failure::Lasting(format!("{address} does not do what it must: {error}")),
        }
    }
}

/// Whether the connection is of no use after this: an answer may still be on its way, or the engine is not the one any
/// more that takes writes.
fn breaks(error: &RedisError) -> bool {
    let takes_no_writes = [ServerErrorKind::ReadOnly, ServerErrorKind::MasterDown].map(ErrorKind::Server);
    let is_answer =
        matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::UnexpectedReturnType);
    !is_answer || takes_no_writes.contains(&error.kind())
}

/// Where the primary is. The library's own client of Sentinels cannot be given time-outs.
fn ask_sentinels(sentinels: &[Endpoint], service: &str, until: Instant) -> RedisResult<Endpoint> {
    let mut failed = RedisError::from(io::Error::other("no Sentinel is named"));
    for (index, sentinel) in sentinels.iter().enumerate() {
        // One that is dead must not take the time of the others.
        let left = u32::try_from(sentinels.len() - index).unwrap_or(u32::MAX);
        let until = Instant::now() + until.saturating_duration_since(Instant::now()) / left;
        let asked = dial(sentinel, false, RedisConnectionInfo::default().set_skip_set_lib_name(), until).and_then(
            |mut connection| {
                connection.set_read_timeout(Some(until.saturating_duration_since(Instant::now()).max(MOMENT)))?;
                redis::cmd("SENTINEL").arg("get-master-addr-by-name").arg(service).query(&mut connection)
            },
        );
        match asked {
            Ok(Some((host, port))) => return Ok(Endpoint { host, port }),
            Ok(None) => failed = io::Error::other(format!("the Sentinel {sentinel} watches no {service:?}")).into(),
            Err(error) => failed = io::Error::other(format!("the Sentinel {sentinel} does not answer: {error}")).into(),
        }
    }
    Err(failed)
}

/// No time at all is no time-out that a socket can have.
const MOMENT: Duration = Duration::from_millis(1);

fn dial(to: &Endpoint, is_encrypted: bool, settings: RedisConnectionInfo, until: Instant) -> RedisResult<Connection> {
    let Endpoint { host, port } = to.clone();
    let address = if is_encrypted {
        ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, port)
    };
    let info: ConnectionInfo = address.into_connection_info()?;
    let info = info.set_redis_settings(settings).set_tcp_settings(TcpSettings::default().set_nodelay(true));
    Client::open(info)?.get_connection_with_timeout(until.saturating_duration_since(Instant::now()).max(MOMENT))
}
