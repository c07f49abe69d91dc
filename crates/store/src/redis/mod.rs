//! The engine on Redis (7.0 or newer) or Valkey: one script for each change, which several servers may ask for.
//!
//! `address` reads where it is, `link` is a connection with time-outs, `requirements` says whether it keeps what it is
//! given, `place` names its keys and scripts, `layout` sees who has written them, `membership` makes this server one of those that may write (`observer` sees
//! who has died, `heart` shows that it lives), `lookout` looks after its slots among several, `clock` after what time it is, `mail` and `subscription` are
//! what members send each other, `event_log` the events of all, `replicas` waits for those of the engine, `record` and `documents` are what is kept as text, `read` and `write` the two sides of the engine, `search` finds sessions.

mod address;
mod clock;
#[cfg(test)]
mod company;
mod documents;
mod event_log;
mod heart;
mod layout;
mod link;
mod lookout;
mod mail;
mod membership;
mod observer;
mod place;
mod read;
mod record;
mod replicas;
mod requests;
mod requirements;
mod scripts;
mod search;
mod subscription;
mod transfer;
mod write;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, channel};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

pub(crate) use self::address::{Address, is_meant};
use self::event_log::LogReader;
use self::heart::Heart;
use self::link::{Failure, Link};
use self::lookout::{Lookout, Post};
pub(crate) use self::mail::Letters;
use self::membership::{Company, Intent, Says};
use self::place::Place;
pub(crate) use self::read::Reader;
use self::replicas::Replicas;
use self::requirements::{Promise, Report};
use self::subscription::Subscription;
use self::write::Presence;
pub(crate) use self::write::Redis;
use crate::cluster::relay::{Heard, Reached};
use crate::cluster::{Cluster, MAX_CHANGES, Membership, View, inbox, relay};
use crate::handle::Parts;
use crate::keys::Lane;
use crate::seal::Sealer;
use crate::settings::{ClusterSettings, Settings};
use crate::{Error, Fence};

/// How what is kept is laid out. A server leaves data alone that it does not know the layout of.
const FORMAT: u32 = 1;

/// The longest that the engine may take for an answer at the start, where nobody has promised to wait for longer.
const START_TIMEOUT: Duration = Duration::from_secs(2);

/// Between two tries to reach the engine at the start.
const START_PAUSE: Duration = Duration::from_millis(200);

/// As long as it surely takes to see that the server before was killed.
const BURIED_WITHIN: Duration = Duration::from_secs(3);

/// A beat that takes longer is given up for the next one.
const BEAT_TIMEOUT: Duration = Duration::from_millis(500);

/// Messages are sent again over another connection after that: what is received twice is known.
const MAIL_TIMEOUT: Duration = Duration::from_secs(1);

#[cfg(test)]
pub(crate) use self::company::Several;

/// What a store of one of several members is put together from.
pub(crate) struct Joined {
    pub(crate) parts: Parts<Redis, Reader>,
    /// The thread that puts the events of all in order.
    pub(crate) relay: SyncSender<Heard>,
    pub(crate) membership: Membership,
}

/// How to open what a cluster has in an engine.
pub(crate) struct Opening {
    address: Arc<Address>,
    place: Arc<Place>,
    says: Says,
    sealer: Sealer,
    accepts_loss: bool,
    replicas: Replicas,
    timeout: Duration,
    patience: Duration,
    mailbox_bytes: usize,
}

impl Opening {
    /// By the settings.
    ///
    /// # Errors
    /// [`Error::Unusable`] where they do not name an engine, or no key.
    pub(crate) fn new(settings: &Settings, cluster: &ClusterSettings) -> Result<Self, Error> {
        let address =
            settings.url.parse().map_err(|error| Error::Unusable(format!("store.url cannot be used: {error}")))?;
        let key = settings.secret_key.as_ref().ok_or_else(|| {
            Error::Unusable("servers on Redis need store.secret_key, the same for all of them".to_owned())
        })?;
        let advertise = cluster.advertise.clone().unwrap_or_else(|| "an unknown address".into());
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        Ok(Self {
            address: Arc::new(address),
            place: Arc::new(Place::of(&cluster.name)),
            says: Says { advertise, id: String::new(), format: FORMAT, intent: None },
            sealer: Sealer::from_setting(key.reveal())?,
            accepts_loss: settings.accept_loss,
            replicas: Replicas(settings.wait_replicas),
            timeout: seconds(settings.engine_timeout),
            patience: seconds(settings.busy_timeout),
            mailbox_bytes: cluster.mailbox_bytes,
        })
    }

    /// Becomes the only member, and owns all slots.
    ///
    /// # Errors
    /// [`Error::Unusable`], with the address in words for the operator.
    pub(crate) fn open(self, readers: usize) -> Result<Parts<Redis, Reader>, Error> {
        self.open_as(readers, Company::Alone)
    }

    /// Becomes a member beside those that there are, and owns no slot: for changes of documents.
    ///
    /// # Errors
    /// Those of [`Opening::open`].
    pub(crate) fn open_beside(self, readers: usize) -> Result<Parts<Redis, Reader>, Error> {
        self.open_as(readers, Company::Beside)
    }

    /// Becomes one of several members, which owns no slot yet.
    ///
    /// # Errors
    /// Those of [`Opening::open`].
    pub(crate) fn open_member(mut self, readers: usize) -> Result<Joined, Error> {
        let id: Arc<str> = Fence::random().to_string().split('-').next().unwrap_or_default().into();
        self.says = Says { id: id.to_string(), intent: Some(Intent::Join), ..self.says };
        let (fence, lane) = self.join(Company::Beside)?;
        let (view, viewed) = watch::channel(Arc::new(View::new(fence)));
        let (changes, changed) = mpsc::channel(MAX_CHANGES);
        let (requests, requested) = channel();
        let (slit, inbox) = inbox::inbox(self.mailbox_bytes);
        let (begins, serves) = watch::channel(false);
        let reader = self.reader().confirmed_by(self.replicas, Some(serves.clone()));
        let source = LogReader { reader, link: self.link(), place: Arc::clone(&self.place), view: viewed.clone() };
        let (relay, reached) = relay::start(source, viewed.clone())?;
        let letters = mail::start(
            Link::new(Arc::clone(&self.address), MAIL_TIMEOUT.min(self.timeout)),
            Arc::clone(&self.place),
            viewed.clone(),
            self.mailbox_bytes,
        )?;
        let (address, place, timeout) = (Arc::clone(&self.address), Arc::clone(&self.place), self.beat_timeout());
        let post = Post {
            link: Link::new(Arc::clone(&self.address), self.beat_timeout()),
            place: Arc::clone(&self.place),
            me: fence,
            says: self.says.clone(),
            heart: self.heart(fence)?,
            new_heart: Box::new(move |fence| {
                Heart::start(Link::new(Arc::clone(&address), timeout), Arc::clone(&place), fence)
            }),
            view,
            changes,
            begins,
            relay: relay.clone(),
        };
        let lookout = Lookout::start(post, requests.clone(), requested)?;
        subscription::start(Subscription {
            link: self.link(),
            place: Arc::clone(&self.place),
            id,
            view: viewed.clone(),
            lookout: requests.clone(),
            relay: relay.clone(),
            slit,
            received: HashMap::new(),
            as_whom: None,
        })?;
        let membership = Membership { cluster: Cluster::new(viewed, requests, letters), changes: changed, inbox };
        let presence = Presence::Lookout(lookout, self.says.clone(), lane, self.sealer.clone());
        let parts = self.parts(readers, (fence, lane), presence, Some((reached, serves)))?;
        Ok(Joined { parts, relay, membership })
    }

    fn open_as(self, readers: usize, company: Company) -> Result<Parts<Redis, Reader>, Error> {
        let (fence, lane) = self.join(company)?;
        let presence = Presence::Heart(self.heart(fence)?);
        self.parts(readers, (fence, lane), presence, None)
    }

    /// Becomes a member, once the engine turns out to be usable.
    fn join(&self, company: Company) -> Result<(Fence, Lane), Error> {
        let until = Instant::now() + self.patience;
        if self.address.is_encrypted {
            // Another part of the program may have chosen one already.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let mut link = Link::new(Arc::clone(&self.address), self.timeout.min(START_TIMEOUT));
        self.examine(&mut link, until)?;
        layout::check(&mut link, &self.place, &self.sealer)?;
        if self.says.intent.is_some() {
            self.check_channels(&mut link)?;
        }
        let fence = Fence::random();
        let until = until.max(Instant::now() + BURIED_WITHIN);
        let lane = membership::join(&mut link, &self.place, fence, &self.says, company, None, until)?;
        Ok((fence, lane))
    }

    /// Looks whether this member could be heard by others; scripts do not say so.
    fn check_channels(&self, link: &mut Link) -> Result<(), Error> {
        let channel = self.place.key("members");
        link.call(|connection| ::redis::cmd("PUBLISH").arg(&channel).arg("").exec(connection))
            .map_err(|failure| unusable(&failure))
    }

    fn link(&self) -> Link {
        Link::new(Arc::clone(&self.address), self.timeout)
    }

    fn reader(&self) -> Reader {
        Reader::new(self.link(), Arc::clone(&self.place), self.patience)
    }

    fn beat_timeout(&self) -> Duration {
        BEAT_TIMEOUT.min(self.timeout)
    }

    fn heart(&self, fence: Fence) -> Result<Heart, Error> {
        Heart::start(Link::new(Arc::clone(&self.address), self.beat_timeout()), Arc::clone(&self.place), fence)
    }

    /// What a store is put together from; of one of several servers, with what others have written and whether it serves.
    fn parts(
        self,
        readers: usize,
        (fence, lane): (Fence, Lane),
        presence: Presence,
        several: Option<(Reached, watch::Receiver<bool>)>,
    ) -> Result<Parts<Redis, Reader>, Error> {
        let (reached, serves) = several.unzip();
        // Keys are given by what there is, whoever has it.
        let largest = self.reader().largest()?;
        let reader = || self.reader().confirmed_by(self.replicas, serves.clone());
        let readers = std::iter::repeat_with(reader).take(readers).collect();
        let engine = Redis::new(self.link(), Arc::clone(&self.place), fence, self.replicas, presence, reached);
        Ok(Parts { engine, readers, fence, lane, largest, sealer: self.sealer })
    }

    /// Reaches the engine, for as long as there is time, and looks whether it keeps what it is given.
    fn examine(&self, link: &mut Link, until: Instant) -> Result<(), Error> {
        let report = loop {
            match link.call(Report::read) {
                Ok(report) => break report,
                Err(Failure::Passing(_)) if Instant::now() < until => std::thread::sleep(START_PAUSE),
                Err(failure) => return Err(unusable(&failure)),
            }
        };
        match report.judge(&self.address, self.accepts_loss, self.replicas.0)? {
            Promise::Kept(words) => log::info!("{}: {words}", self.address),
            Promise::Partly(words) => log::warn!("{}: {words}", self.address),
        }
        Ok(())
    }
}

fn unusable(failure: &Failure) -> Error {
    Error::Unusable(format!("the engine cannot be used: {}", failure.reason()))
}
