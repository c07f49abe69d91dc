//! The call: its turn, its request, its stream, and its tries.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use callboard_domain::agent_entry::TurnWarning;
use callboard_domain::mask::Mask;
use callboard_domain::schema::Schema;
use callboard_domain::secret::Secret;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode, redirect};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::chunk;
use crate::error::{Error, Refusal, Unsupported, cut, in_reply, refusal};
use crate::format::{self, Rung};
use crate::gate::Gate;
use crate::request::{Arguments, Body, Request, StreamOptions};
use crate::retry;
use crate::settings::Settings;
use crate::sse::{Event, Reader};
use crate::turn::{Assembler, Shown, Turn};
use crate::usage::{Price, Usage, estimate, estimate_request};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server may load its model before a call that waits for it fails.
const LOADING: Duration = Duration::from_secs(600);
/// Most bytes of a refusal that are read.
const MOST_REFUSAL: usize = 65_536;
/// Fewer tokens than this are never suspected to be cut.
const SUSPECT: u64 = 1_500;

/// What is reported of a call while it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A try begins, counted from 1: what came of the one before is void.
    Try(u32),
    /// More of the text.
    Text(String),
    /// More of the reasoning.
    Reasoning(String),
    /// It waits for its turn, or because the server is busy; zero where nobody knows for how long.
    Waiting(Duration),
    /// The server took no call for now (429).
    RateLimited,
}

/// A model, as one `[model.NAME]` of the settings says. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    http: reqwest::Client,
    gate: Gate,
    mask: Mask,
    learned: watch::Sender<Learned>,
}

/// What is known of the server only once it was asked.
#[derive(Clone, Debug, Default)]
struct Learned {
    rung: Rung,
    refuses_stream_options: bool,
    model: Option<Arc<str>>,
}

/// Why a try did not come to its end.
enum Failed {
    /// The same request may do, after a pause.
    Again(Error, Option<Duration>),
    /// As soon as the model is loaded.
    Loading(Error),
    /// Another form of the request may do, at once.
    Changed(Error),
    Never(Error),
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Client {
    /// A client by these settings, which are valid.
    ///
    /// # Errors
    /// [`Error::Unreachable`] where no HTTP client can be made, such as without any certificates.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let unusable = |error: reqwest::Error| Error::Unreachable(error.to_string());
        let http = reqwest::Client::builder()
            .default_headers(headers(&settings))
            .connect_timeout(CONNECT)
            // A key goes nowhere but where the settings say.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(unusable)?;
        let mask = Mask::new(settings.secrets());
        let learned =
            watch::Sender::new(Learned { model: settings.model.as_deref().map(Into::into), ..Learned::default() });
        Ok(Self { shared: Arc::new(Shared { gate: Gate::new(&settings), settings, http, mask, learned }) })
    }

    /// What its tokens cost.
    #[must_use]
    pub fn price(&self) -> Option<Price> {
        self.shared.settings.price
    }

    /// Asks the model, and gives its reply once it is complete. Dropping the future closes the connection.
    ///
    /// # Errors
    /// See [`Error`]; what another try may mend has been tried again, as often as the settings say.
    pub async fn complete(&self, request: &Request, mut progress: impl FnMut(Progress)) -> Result<Turn, Error> {
        let shared = &self.shared;
        let schema = match &request.schema {
            Some(schema) => Some(Schema::compile(schema.clone()).map_err(|error| Error::Schema(error.to_string()))?),
            None => None,
        };
        let began = Instant::now();
        let mut tries = 0;
        let mut counted = 0;
        loop {
            tries += 1;
            let place = shared.gate.enter(|wait| progress(Progress::Waiting(wait))).await;
            progress(Progress::Try(tries));
            let failed = match shared.attempt(request, &mut progress).await {
                Ok(turn) => return Ok(shared.finish(request, schema.as_ref(), Turn { tries, ..turn })),
                Err(failed) => failed,
            };
            drop(place);
            let (error, asked) = match failed {
                Failed::Never(error) => return Err(shared.masked(error)),
                Failed::Changed(error) => {
                    log::info!(
                        "a model's server does not take a request as it was; it is sent in another form: {}",
                        shared.masked(error)
                    );
                    continue;
                }
                Failed::Loading(_) if began.elapsed() < LOADING => {
                    let pause = retry::pause(4);
                    progress(Progress::Waiting(pause));
                    sleep(pause).await;
                    continue;
                }
                Failed::Loading(error) => return Err(shared.masked(error)),
                Failed::Again(error, asked) => (error, asked),
            };
            counted += 1;
            let is_rate = matches!(error, Error::RateLimited { .. });
            if is_rate {
                progress(Progress::RateLimited);
            }
            let longest = Duration::from_secs_f64(shared.settings.max_retry_after);
            if counted >= shared.settings.max_tries || asked.is_some_and(|asked| asked > longest) {
                return Err(shared.masked(error));
            }
            let pause = asked.unwrap_or_default().max(retry::pause(counted + 1));
            if is_rate {
                // It holds for all who call this server, not for this call alone.
                shared.gate.close(pause);
            } else {
                progress(Progress::Waiting(pause));
                sleep(pause).await;
            }
        }
    }
}

impl Shared {
    /// One try.
    async fn attempt(&self, request: &Request, progress: &mut impl FnMut(Progress)) -> Result<Turn, Failed> {
        let model = self.model().await?;
        let learned = self.learned.borrow().clone();
        let mut body = request.to_wire(&model);
        body.stream_options = (!learned.refuses_stream_options).then_some(StreamOptions { include_usage: true });
        if let Some(schema) = &request.schema {
            learned.rung.ask(schema, &mut body);
        }
        let response = self.send(&body, &request.idempotency_key).await?;
        if !response.status().is_success() {
            return Err(self.refused(response, learned.rung).await);
        }
        let assembler = self.receive(response, progress).await?;
        Ok(assembler.end(|reply| Usage {
            prompt_tokens: estimate_request(request),
            completion_tokens: estimate(reply),
            estimated: true,
        }))
    }

    async fn send(&self, body: &Body<'_>, key: &str) -> Result<Response, Failed> {
        let text = serde_json::to_vec(body).map_err(|error| Failed::Never(Error::Unreadable(error.to_string())))?;
        let mut sent = self.http.post(self.settings.route("chat/completions")).header(CONTENT_TYPE, "application/json");
        if let Ok(key) = HeaderValue::from_str(key) {
            sent = sent.header("idempotency-key", key);
        }
        match timeout(self.silence(), sent.body(text).send()).await {
            Err(_) => Err(Failed::Again(self.silent(), None)),
            Ok(Err(error)) => Err(Failed::Again(Error::Unreachable(causes(&error)), None)),
            Ok(Ok(response)) => Ok(response),
        }
    }

    /// What a refusal means, and what is learned from it.
    async fn refused(&self, response: Response, rung: Rung) -> Failed {
        let status = response.status();
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let asked = asked.and_then(|value| retry::retry_after(value, SystemTime::now()));
        // Where it cannot be read, the status says enough.
        let body = self.body(response, MOST_REFUSAL).await.unwrap_or_default();
        match refusal(status, &body) {
            Refusal::Never(error) => Failed::Never(error),
            Refusal::Later(error) => Failed::Again(error, asked),
            Refusal::Loading(error) => Failed::Loading(error),
            Refusal::Without(what) => self.without(what, rung, status, &body),
        }
    }

    /// Remembers what the server does not take; a server that goes on refusing has refused for good.
    fn without(&self, what: Unsupported, rung: Rung, status: StatusCode, body: &str) -> Failed {
        let error = Error::Refused { status: status.as_u16(), message: cut(body) };
        let is_new = self.learned.send_if_modified(|learned| match (what, rung.below()) {
            (Unsupported::StreamOptions, _) => !std::mem::replace(&mut learned.refuses_stream_options, true),
            (Unsupported::Format, Some(below)) => {
                // Another call may have learned it meanwhile.
                if learned.rung == rung {
                    learned.rung = below;
                }
                true
            }
            (Unsupported::Format, None) => false,
        });
        if is_new { Failed::Changed(error) } else { Failed::Never(error) }
    }

    /// Reads the reply to its end.
    async fn receive(&self, mut response: Response, progress: &mut impl FnMut(Progress)) -> Result<Assembler, Failed> {
        let is_json = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|kind| kind.starts_with("application/json"));
        let mut assembler = Assembler::default();
        if is_json {
            // It does not stream.
            let body = self.body(response, self.settings.max_reply_bytes).await?;
            let value: Value = serde_json::from_str(&body)
                .map_err(|error| Failed::Again(Error::Unreadable(error.to_string()), None))?;
            take(&mut assembler, &value, progress)?;
            return if assembler.is_empty() && !assembler.is_finished() {
                Err(Failed::Again(Error::Cut, None))
            } else {
                Ok(assembler)
            };
        }
        let mut reader = Reader::new(self.settings.max_reply_bytes);
        loop {
            let Some(bytes) = self.next(&mut response).await? else { break };
            for event in reader.read(&bytes).map_err(Failed::Never)? {
                match event {
                    Event::Done => return Ok(assembler),
                    Event::Error(text) => return Err(reported(&text)),
                    Event::Data(text) => take_text(&mut assembler, &text, progress)?,
                }
            }
        }
        for event in reader.end() {
            match event {
                Event::Done => return Ok(assembler),
                Event::Error(text) => return Err(reported(&text)),
                Event::Data(text) => match take_text(&mut assembler, &text, progress) {
                    // The last line of a stream that was cut is rarely whole.
                    Ok(()) | Err(Failed::Again(Error::Unreadable(_), _)) => {}
                    Err(failed) => return Err(failed),
                },
            }
        }
        if assembler.is_finished() { Ok(assembler) } else { Err(Failed::Again(Error::Cut, None)) }
    }

    /// The next bytes; nothing at the end.
    async fn next(&self, response: &mut Response) -> Result<Option<bytes::Bytes>, Failed> {
        match timeout(self.silence(), response.chunk()).await {
            Err(_) => Err(Failed::Again(self.silent(), None)),
            // The connection broke.
            Ok(Err(_)) => Err(Failed::Again(Error::Cut, None)),
            Ok(Ok(bytes)) => Ok(bytes),
        }
    }

    /// A whole body.
    async fn body(&self, mut response: Response, most: usize) -> Result<String, Failed> {
        let mut body = Vec::new();
        while let Some(bytes) = self.next(&mut response).await? {
            if body.len() + bytes.len() > most {
                return Err(Failed::Never(Error::TooLarge { limit: most }));
            }
            body.extend_from_slice(&bytes);
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// The model's name, which the server is asked for where the settings do not say.
    async fn model(&self) -> Result<Arc<str>, Failed> {
        if let Some(model) = self.learned.borrow().model.clone() {
            return Ok(model);
        }
        let sent = self.http.get(self.settings.route("models")).send();
        let response = match timeout(self.silence(), sent).await {
            Err(_) => return Err(Failed::Again(self.silent(), None)),
            Ok(Err(error)) => return Err(Failed::Again(Error::Unreachable(causes(&error)), None)),
            Ok(Ok(response)) => response,
        };
        if !response.status().is_success() {
            return Err(self.refused(response, Rung::Prompt).await);
        }
        let body = self.body(response, self.settings.max_reply_bytes).await?;
        let list: Value =
            serde_json::from_str(&body).map_err(|error| Failed::Never(Error::Unreadable(error.to_string())))?;
        let first = ["data", "models"].iter().find_map(|name| list.get(*name)?.get(0));
        let name = first.and_then(|model| ["id", "name", "model"].iter().find_map(|name| model.get(*name)?.as_str()));
        let model: Arc<str> = name.ok_or(Failed::Never(Error::NoModel))?.into();
        self.learned.send_modify(|learned| learned.model = Some(Arc::clone(&model)));
        Ok(model)
    }

    /// The reply with what is known of it once it is complete, and without the keys that the server may have sent back.
    fn finish(&self, request: &Request, schema: Option<&Schema>, mut turn: Turn) -> Turn {
        self.mask.clean(&mut turn.text);
        self.mask.clean(&mut turn.reasoning);
        for call in &mut turn.calls {
            match &mut call.arguments {
                Arguments::Valid(members) => _ = self.mask.clean_members(members),
                Arguments::Invalid(text) => self.mask.clean(text),
            }
        }
        if !turn.usage.estimated {
            let sent = estimate_request(request);
            if sent > SUSPECT && turn.usage.prompt_tokens < sent / 3 {
                turn.warnings.push(TurnWarning::Truncated);
            }
        }
        if let Some(schema) = schema.filter(|_| turn.calls.is_empty()) {
            if turn.is_cut() {
                turn.answer = Some(format::unfinished());
                return turn;
            }
            let found = format::find(&turn.text);
            if found.is_none() {
                // It takes the format, and does not keep to it: from now on it is asked for in another way.
                self.learned.send_if_modified(|learned| match learned.rung.below() {
                    Some(below) => {
                        learned.rung = below;
                        true
                    }
                    None => false,
                });
            }
            turn.answer = Some(format::check(schema, found));
        }
        turn
    }

    fn masked(&self, error: Error) -> Error {
        error.map_words(|words| self.mask.text(words).into_owned())
    }

    fn silence(&self) -> Duration {
        Duration::from_secs_f64(self.settings.timeout)
    }

    fn silent(&self) -> Error {
        Error::Silent { seconds: self.settings.timeout }
    }
}

/// What an event means that stands for an error, with or without an object around it.
fn reported(text: &str) -> Failed {
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    Failed::Never(in_reply(value.get("error").unwrap_or(&value)))
}

/// Takes in one event.
fn take_text(assembler: &mut Assembler, text: &str, progress: &mut impl FnMut(Progress)) -> Result<(), Failed> {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => take(assembler, &value, progress),
        Err(error) => Err(Failed::Again(Error::Unreadable(error.to_string()), None)),
    }
}

fn take(assembler: &mut Assembler, value: &Value, progress: &mut impl FnMut(Progress)) -> Result<(), Failed> {
    let chunk = chunk::read(value).map_err(|error| Failed::Never(in_reply(&error)))?;
    let Shown { text, reasoning } = assembler.add(chunk);
    if !reasoning.is_empty() {
        progress(Progress::Reasoning(reasoning));
    }
    if !text.is_empty() {
        progress(Progress::Text(text));
    }
    Ok(())
}

/// The headers of each request.
fn headers(settings: &Settings) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let secret = |text: &str| {
        let mut value = HeaderValue::from_str(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    };
    let key = settings.api_key.as_ref().map(Secret::reveal).and_then(|key| secret(&format!("Bearer {key}")));
    headers.extend(key.map(|key| (AUTHORIZATION, key)));
    for (name, value) in &settings.headers {
        if let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_bytes()), secret(value.reveal())) {
            headers.insert(name, value);
        }
    }
    headers
}

/// An error and its causes, without the address: that is in the settings.
fn causes(error: &reqwest::Error) -> String {
    let mut texts = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    if texts.is_empty() { "the request failed".to_owned() } else { texts.join(": ") }
}
