//! `POST /api/v1/crews/import`: a CrewAI project becomes a crew with its agents.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use callboard_crewai::{self as crewai, File, Names, Project};
use futures::future::LocalBoxFuture;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::super::State;
use super::super::decode::Fields;
use super::super::error::{Code, Problem};
use super::super::multipart::{self, Limits, Part};
use super::super::route::{Route, routes};
use super::crews::StoredCrew;
use super::versioned_resource::{VersionedResource, problem};
use crate::auth::Principal;
use crate::config::Settings;
use crate::crew::{Agent, Crew, Import};
use crate::domain::event::{Kind, NewEvent};
use crate::process::threads;
use crate::session::messages::Fault;

pub(in crate::http) fn routes() -> Vec<Route> {
    routes![CreateCrew => import]
}

/// Most files of a project, and most bytes of them together.
pub(crate) const MOST_FILES: usize = 500;
pub(crate) const MOST_BYTES: usize = 8 << 20;

/// How the names of files end that say something.
pub(crate) const ENDINGS: [&str; 5] = [".jsonc", ".json", ".yaml", ".yml", "crew.py"];

/// The model of agents whose own one this server does not have.
const DEFAULT_MODEL: &str = "default";

/// A crew that was imported.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::http) struct ImportedCrew {
    #[serde(flatten)]
    crew: StoredCrew,
    /// What of the project was left out, or reads differently here; `loc` is the file, then the path in it.
    warnings: Vec<Fault>,
}

/// The files of a project.
pub(in crate::http) struct Files(Vec<Part>);

impl FromRequest for Files {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            if !multipart::is_multipart(request.headers()) {
                let text =
                    "The body must be multipart/form-data: each part a file, with its path in the project as filename.";
                return Err(Problem::new(Code::UnsupportedMediaType, text));
            }
            multipart::read(&request, payload, Limits { bytes: MOST_BYTES, parts: MOST_FILES }).await.map(Files)
        })
    }
}

/// What an import says of itself.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only described: a part may have any name")]
struct ProjectFiles {
    /// The files, each with its path in the project as `filename`: `crew.jsonc` and `agents/*.jsonc`, or `agents.yaml` and
    /// `tasks.yaml`.
    #[schema(value_type = Vec<String>, format = Binary)]
    files: (),
}

/// Stores the crew of a CrewAI project with its agents. Nothing of the project is run; what cannot be had without is refused,
/// with its file and path in `loc`.
#[utoipa::path(
    post, path = "/api/v1/crews/import", tag = "crews",
    request_body(content = ProjectFiles, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "It is stored.", body = ImportedCrew),
        (status = "4XX", description = "Nothing was stored."),
        (status = 503, description = "It cannot be stored now."),
    )
)]
async fn import(state: web::Data<State>, principal: Principal, Files(parts): Files) -> Result<HttpResponse, Problem> {
    let settings = state.settings.clone();
    let read = threads::blocking(move || read(&texts(parts)?, &settings));
    let read = read.await.map_err(Problem::from)?;
    let (import, warnings) = read.map_err(|faults| Problem::invalid(Code::InvalidBody, faults))?;
    let agents: Vec<String> = import.agents.iter().map(|(name, _)| name.clone()).collect();
    let owner = principal.owner();
    let kept = state.roster.of(owner).import(import).await.map_err(problem::<Crew>)?;
    for id in kept.thing.agents.iter().filter(|id| agents.iter().any(|name| id.starts_with(name.as_str()))) {
        state.events.record_of(owner, NewEvent::new(Kind::AgentCreated).of_agent(id.as_str()));
    }
    let created = NewEvent::new(Kind::CrewCreated).of_crew(kept.id.as_str()).with("name", kept.thing.name.as_str());
    state.events.record_of(owner, created);
    Ok(HttpResponse::Created().json(ImportedCrew { crew: kept.into(), warnings }))
}

/// The files that say something, path and text.
fn texts(parts: Vec<Part>) -> Result<Vec<(String, String)>, Vec<Fault>> {
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for Part { filename, bytes, .. } in parts {
        let Some(path) = filename.filter(|path| ENDINGS.iter().any(|ending| path.ends_with(ending))) else { continue };
        match String::from_utf8(bytes) {
            Ok(text) => files.push((path, text)),
            Err(_) => {
                faults.push(Fault { loc: vec![path], msg: "is not UTF-8".to_owned(), kind: "unreadable".to_owned() });
            }
        }
    }
    if faults.is_empty() { Ok(files) } else { Err(faults) }
}

/// Reads the files of a project, path and text, as a crew with its agents, and what was left out.
///
/// # Errors
/// Everything that is wrong with them.
pub(crate) fn read(files: &[(String, String)], settings: &Settings) -> Result<(Import, Vec<Fault>), Vec<Fault>> {
    let models: Vec<&str> = settings.model.keys().map(String::as_str).collect();
    let names = Names { tools: &Agent::TOOLS, models: &models };
    let files: Vec<File<'_>> = files.iter().map(|(path, text)| File { path, text }).collect();
    let project =
        crewai::read(&files, &names).map_err(|faults| faults.into_iter().map(of_project).collect::<Vec<_>>())?;
    let mut faults = Vec::new();
    let mut agents = Vec::new();
    for agent in &project.agents {
        let Ok(mut fields) = Fields::of(Some(Value::Object(agent.fields.clone()))) else { continue };
        let read = Agent::read(&mut fields, settings);
        faults.extend(fields.finish().into_iter().map(|fault| at(&agent.loc, 1, fault)));
        agents.extend(read.map(|read| (agent.name.clone(), read)));
    }
    let crew = crew(&project, settings, &mut faults);
    match crew {
        Some(crew) if faults.is_empty() => {
            Ok((Import { agents, crew }, project.warnings.into_iter().map(of_project).collect()))
        }
        Some(_) | None => Err(faults),
    }
}

/// The crew of a project, which names its agents by their names.
fn crew(project: &Project, settings: &Settings, faults: &mut Vec<Fault>) -> Option<Crew> {
    let tasks = project.tasks.iter().map(|task| {
        let mut fields = Map::from_iter([("name".to_owned(), task.name.as_str().into())]);
        fields.extend(task.agent.as_deref().map(|agent| ("agent".to_owned(), agent.into())));
        fields.extend(task.fields.clone());
        Value::Object(fields)
    });
    let body = json!({
        "name": project.name.as_deref().unwrap_or("crew"),
        "process": if project.is_hierarchical { "hierarchical" } else { "sequential" },
        "agents": project.members,
        "manager_agent": project.manager_agent,
        "manager_llm": project.manager_llm,
        "tasks": tasks.collect::<Vec<_>>(),
        "inputs": project.inputs,
    });
    let mut fields = Fields::of(Some(body)).ok()?;
    let crew = Crew::read(&mut fields, settings);
    for fault in fields.finish() {
        let is_default = project.manager_llm.as_deref() == Some(DEFAULT_MODEL);
        if fault.kind == "unknown_model" && is_default {
            // It may be configured later.
            continue;
        }
        let task =
            fault.loc.get(1).filter(|part| *part == "tasks").and_then(|_| fault.loc.get(2)?.parse::<usize>().ok());
        faults.push(match task.and_then(|number| project.tasks.get(number)) {
            Some(task) => at(&task.loc, 3, fault),
            None => at(&project.loc, 1, fault),
        });
    }
    crew
}

/// A fault at a place in a file; so many parts of its own place stand for that.
fn at(place: &[String], skip: usize, fault: Fault) -> Fault {
    let loc = place.iter().cloned().chain(fault.loc.into_iter().skip(skip)).collect();
    Fault { loc, ..fault }
}

fn of_project(fault: crewai::Fault) -> Fault {
    let crewai::Fault { loc, message, kind } = fault;
    Fault { loc, msg: message, kind: kind.to_owned() }
}
