//! `callboard crews import`: a CrewAI project becomes a crew, on the server that runs, or else in its store.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;
use url::Url;

use super::healthcheck::{self, Question, addresses};
use crate::config::Settings;
use crate::crew::Roster;
use crate::domain::owner::Owner;
use crate::http::import::{ENDINGS, MOST_BYTES, MOST_FILES, read};
use crate::session::messages::Fault;
use crate::store::Store;

#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Crews {
    /// Store the crew of a CrewAI project with its agents; nothing of it is run
    Import {
        /// The folder of the project
        folder: PathBuf,
        /// Whom the crew and its agents are to belong to; the server, where it is left out
        #[arg(long)]
        owner: Option<String>,
    },
}

/// The folders of a project that hold nothing of its own.
const LEFT_OUT: [&str; 4] = [".git", ".venv", "node_modules", "__pycache__"];

/// Does what the command line says, and gives what is to be printed.
pub(super) fn run(command: &Crews, settings: &Settings) -> anyhow::Result<String> {
    let Crews::Import { folder, owner } = command;
    let owner = owner.as_deref().map(str::parse::<Owner>).transpose().context("--owner names nobody")?;
    let files = files(folder)?;
    let is_there = healthcheck::run(settings, Question::Live).is_ok();
    actix::System::new().block_on(async {
        if is_there {
            import_there(&files, owner.as_ref(), settings).await
        } else {
            import_here(&files, owner.as_ref(), settings).await
        }
    })
}

/// Has the server that runs store it.
async fn import_there(
    files: &[(String, String)],
    owner: Option<&Owner>,
    settings: &Settings,
) -> anyhow::Result<String> {
    const BOUNDARY: &str = "callboard-import-5f1c0a7b3e";
    let mut body = String::new();
    for (path, text) in files {
        let path = path.replace(['"', '\r', '\n'], "_");
        body.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{path}\"\r\n\r\n{text}\r\n"
        ));
    }
    body.push_str(&format!("--{BOUNDARY}--\r\n"));
    let address = addresses(&settings.server.host, settings.server.port)?;
    let address = address.first().context("the server has no address")?;
    // It is this machine's own server, whatever its certificate is for.
    let (scheme, is_own) = if settings.tls.files().is_some() { ("https", true) } else { ("http", false) };
    let client = reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(is_own).build()?;
    let place = format!("{scheme}://{address}/api/v1/crews/import");
    let request = client.post(Url::parse_with_params(&place, owner.map(|owner| ("owner", owner.as_str())))?);
    let request = request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body);
    let request = match &settings.server.admin_token {
        Some(token) => request.bearer_auth(token.reveal()),
        None => request,
    };
    let response = request.send().await.context("the server does not answer")?;
    let (status, text) = (response.status(), response.text().await?);
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let list = |key: &str| -> Vec<Fault> {
        body.get(key).cloned().and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default()
    };
    if !status.is_success() {
        let detail = body.get("detail").and_then(Value::as_str).unwrap_or("the server refused it");
        bail!("{detail}{}", lines(&list("errors")));
    }
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
    Ok(format!("{id}{}\n", lines(&list("warnings"))))
}

/// Stores it while no server runs.
async fn import_here(files: &[(String, String)], owner: Option<&Owner>, settings: &Settings) -> anyhow::Result<String> {
    let (import, warnings) =
        read(files, settings).map_err(|faults| anyhow::anyhow!("the project cannot be run here{}", lines(&faults)))?;
    let store = Store::open(&settings.store, 1)?;
    let roster = Roster::new(store.clone(), &settings.crews, &settings.agent).of(owner.unwrap_or(&Owner::SERVER));
    let kept = roster.import(import).await;
    store.close().await;
    Ok(format!("{}{}\n", kept?.id, lines(&warnings)))
}

/// A line for each, behind what stands before.
fn lines(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("\n  {}: {}", fault.loc.join(": "), fault.msg)).collect()
}

/// The files of a project, path and text.
fn files(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        let entries = fs::read_dir(&inside).with_context(|| format!("cannot read {}", inside.display()))?;
        for entry in entries {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_dir() && !LEFT_OUT.contains(&name.as_str()) {
                folders.push(path);
            } else if kind.is_file() && ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                bytes += text.len();
                let shown = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.push((shown, text));
                if found.len() > MOST_FILES || bytes > MOST_BYTES {
                    bail!("{} has more than {MOST_FILES} files or {MOST_BYTES} bytes", folder.display());
                }
            }
        }
    }
    found.sort();
    Ok(found)
}
