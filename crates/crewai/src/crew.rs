//! Which files make a project, and how its parts come together.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::fault::Faults;
use crate::fields::{at, refuse_python};
use crate::source::{self, plain, split};
use crate::{Agent, Fields, File, Names, Project, Source, Task, agent, task};

/// The files that say what a crew is.
enum Layout<'a> {
    /// `crew.jsonc`.
    Json(&'a File<'a>),
    /// `agents.yaml` and `tasks.yaml`.
    Yaml(&'a File<'a>, &'a File<'a>),
}

/// Most agents, and most tasks, of a project.
const MOST: usize = 200;

pub(crate) fn read(files: &[File<'_>], names: &Names<'_>, faults: &mut Faults) -> Option<Project> {
    match layout(files, faults)? {
        Layout::Json(crew) => of_json(crew, files, names, faults),
        Layout::Yaml(agents, tasks) => {
            warn_of_python(files, faults);
            of_yaml(agents, tasks, names, faults)
        }
    }
}

fn layout<'a>(files: &'a [File<'a>], faults: &mut Faults) -> Option<Layout<'a>> {
    let named = |wanted: &[&str]| -> Vec<&'a File<'a>> {
        let is_named = |file: &&File<'_>| wanted.contains(&split(&plain(file.path)).1);
        files.iter().filter(is_named).collect()
    };
    let crews = named(&["crew.jsonc", "crew.json"]);
    let (agents, tasks) = (named(&["agents.yaml", "agents.yml"]), named(&["tasks.yaml", "tasks.yml"]));
    for several in [&crews, &agents, &tasks].into_iter().filter(|found| found.len() > 1) {
        for file in several {
            faults.fault(&[plain(file.path)], "stands there more than once: import one crew at a time", "ambiguous");
        }
    }
    match (crews.as_slice(), agents.as_slice(), tasks.as_slice()) {
        ([crew], _, _) => Some(Layout::Json(crew)),
        ([], [agents], [tasks]) => Some(Layout::Yaml(agents, tasks)),
        ([], [agents], []) => {
            faults.fault(&[plain(agents.path)], "has no tasks.yaml beside it", "missing");
            None
        }
        ([], [], [tasks]) => {
            faults.fault(&[plain(tasks.path)], "has no agents.yaml beside it", "missing");
            None
        }
        ([], [], []) => {
            let message = "there is neither a crew.jsonc, nor an agents.yaml with a tasks.yaml";
            faults.fault(&["project".to_owned()], message, "missing");
            None
        }
        _ => None,
    }
}

/// What a classic project says in Python is not read.
fn warn_of_python(files: &[File<'_>], faults: &mut Faults) {
    for file in files {
        let path = plain(file.path);
        if split(&path).1 == "crew.py" {
            faults.warn(
                &[path],
                "is Python, and is not read: the process is sequential, and tools given there are missing",
            );
        }
    }
}

fn of_yaml(agents: &File<'_>, tasks: &File<'_>, names: &Names<'_>, faults: &mut Faults) -> Option<Project> {
    let (agents, tasks) = (source::read(agents, faults), source::read(tasks, faults));
    let (agents, tasks) = (agents?, tasks?);
    let loc = vec![tasks.path.clone()];
    let entries = |source: Source, faults: &mut Faults| -> Vec<(String, Value, Vec<String>)> {
        let Source { path, value } = source;
        refuse_python(&value, &mut vec![path.clone()], faults);
        match value {
            Value::Object(map) if map.len() <= MOST => {
                map.into_iter().map(|(name, value)| (name.clone(), value, vec![path.clone(), name])).collect()
            }
            Value::Object(_) => {
                faults.fault(&[path], format!("must have at most {MOST} entries"), "too_long");
                Vec::new()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                faults.fault(&[path], "must have a name for each entry, with its fields below", "wrong_type");
                Vec::new()
            }
        }
    };
    let mut read_agents = Vec::new();
    let mut all = BTreeSet::new();
    for (name, value, loc) in entries(agents, faults) {
        all.insert(name.clone());
        let fields = Fields::of(value, loc, faults);
        read_agents.extend(fields.and_then(|fields| agent::read(&name, fields, names)));
    }
    let known = with_broken(&read_agents, &all);
    let (mut read_tasks, mut earlier) = (Vec::new(), Vec::new());
    for (name, value, loc) in entries(tasks, faults) {
        let fields = Fields::of(value, loc, faults);
        let read = fields.and_then(|fields| task::read(Some(name.clone()), fields, &known, &earlier, names));
        read_tasks.extend(read);
        earlier.push(name);
    }
    let members = read_agents.iter().map(|agent| agent.name.clone()).collect();
    let project = Project { agents: read_agents, members, tasks: read_tasks, loc, ..Project::default() };
    Some(project)
}

fn of_json(crew: &File<'_>, files: &[File<'_>], names: &Names<'_>, faults: &mut Faults) -> Option<Project> {
    let Source { path, value } = source::read(crew, faults)?;
    refuse_python(&value, &mut vec![path.clone()], faults);
    let folder = split(&path).0.to_owned();
    let mut fields = Fields::of(value, vec![path], faults)?;
    let name = fields.text("name").filter(|name| !name.is_empty());
    let process = fields.text("process");
    let is_hierarchical = process.as_deref() == Some("hierarchical");
    if let Some(process) = process.filter(|process| !["sequential", "hierarchical"].contains(&process.as_str())) {
        let loc = fields.at("process");
        fields.faults.fault(&loc, format!("must be sequential or hierarchical, not {process:?}"), "invalid_value");
    }
    let members = fields.texts("agents");
    let manager_agent = fields.text("manager_agent").filter(|name| !name.is_empty());
    let has_manager_llm = fields.has("manager_llm");
    let manager_llm = agent::model(&mut fields, "manager_llm", names);
    let manager_llm = manager_llm.or_else(|| has_manager_llm.then(|| "default".to_owned()));
    let (inputs, tasks) = (inputs(&mut fields), tasks(&mut fields));
    fields.refuse(&[
        ("before_kickoff_callbacks", "are Python, which is not run here"),
        ("after_kickoff_callbacks", "are Python, which is not run here"),
        ("step_callback", "is Python, which is not run here"),
        ("task_callback", "is Python, which is not run here"),
        ("knowledge_sources", "is not there: give an agent a folder and the tool read_file"),
    ]);
    let place = fields.loc.clone();
    let manager = manager_agent.iter().map(|name| (fields.at("manager_agent"), name.clone()));
    let wanted: Vec<_> = members.iter().cloned().chain(manager).take(MOST + 1).collect();
    fields.finish();
    let mut agents: Vec<Agent> = Vec::new();
    let mut all = BTreeSet::new();
    for (loc, name) in wanted {
        if !all.insert(name.clone()) {
            continue;
        }
        agents.extend(agent_file(&name, &loc, &folder, files, faults).and_then(|source| {
            let fields = Fields::of(source.value, vec![source.path], faults)?;
            agent::read(&name, fields, names)
        }));
    }
    let known = with_broken(&agents, &all);
    let read_tasks = listed_tasks(tasks, &at(&place, "tasks"), &known, names, faults);
    let members = members.into_iter().map(|(_, name)| name).collect();
    Some(Project {
        name,
        is_hierarchical,
        agents,
        members,
        manager_agent,
        manager_llm,
        tasks: read_tasks,
        inputs,
        loc: place,
        ..Project::default()
    })
}

/// The values for placeholders.
fn inputs(fields: &mut Fields<'_>) -> Map<String, Value> {
    match fields.take("inputs") {
        Some(Value::Object(inputs)) => inputs,
        Some(other) => {
            fields.wrong("inputs", "an object", &other);
            Map::new()
        }
        None => Map::new(),
    }
}

/// The list of tasks, as it stands.
fn tasks(fields: &mut Fields<'_>) -> Vec<Value> {
    let loc = fields.at("tasks");
    match fields.take("tasks") {
        Some(Value::Array(tasks)) if tasks.len() <= MOST => return tasks,
        Some(Value::Array(_)) => fields.faults.fault(&loc, format!("must have at most {MOST} entries"), "too_long"),
        Some(other) => fields.wrong("tasks", "a list", &other),
        None => fields.faults.fault(&loc, "is missing", "missing"),
    }
    Vec::new()
}

/// The tasks of a list, which stands at `place`.
fn listed_tasks(
    tasks: Vec<Value>,
    place: &[String],
    known: &[Agent],
    names: &Names<'_>,
    faults: &mut Faults,
) -> Vec<Task> {
    let (mut read_tasks, mut earlier): (Vec<Task>, Vec<String>) = (Vec::new(), Vec::new());
    for (number, value) in tasks.into_iter().enumerate() {
        let said = value.get("name").and_then(Value::as_str).map(str::to_owned);
        let fields = Fields::of(value, at(place, &number.to_string()), faults);
        let task = fields.and_then(|fields| task::read(None, fields, known, &earlier, names));
        earlier.extend(task.as_ref().map(|task| task.name.clone()).or(said));
        read_tasks.extend(task);
    }
    read_tasks
}

/// The file of an agent that a crew names.
fn agent_file(name: &str, loc: &[String], folder: &str, files: &[File<'_>], faults: &mut Faults) -> Option<Source> {
    let base = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let paths = [format!("{base}agents/{name}.jsonc"), format!("{base}agents/{name}.json")];
    let found = paths.iter().find_map(|path| files.iter().find(|file| plain(file.path) == *path));
    let Some(file) = found else {
        let [path, _] = &paths;
        faults.fault(loc, format!("there is no file {path}"), "unknown_agent");
        return None;
    };
    let source = source::read(file, faults)?;
    refuse_python(&source.value, &mut vec![source.path.clone()], faults);
    Some(source)
}

/// The agents, and those that could not be read by their names alone: who names them makes no second fault of that.
fn with_broken(agents: &[Agent], all: &BTreeSet<String>) -> Vec<Agent> {
    let broken = all.iter().filter(|name| !agents.iter().any(|agent| agent.name == **name));
    let by_name =
        |name: &String| Agent { name: name.clone(), fields: Default::default(), loc: Vec::new(), guardrail: None };
    agents.iter().cloned().chain(broken.map(by_name)).collect()
}
