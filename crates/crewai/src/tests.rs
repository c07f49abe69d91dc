//! Projects as they are written, whole and broken, and what becomes of them.

use proptest::prelude::*;

use super::*;

const NAMES: Names<'_> =
    Names { tools: &["search_files", "read_file", "http_get", "ask_human"], models: &["default", "local"] };

fn locs(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(|fault| format!("{} {}", fault.loc.join("."), fault.kind)).collect()
}

const AGENTS: &str = "
researcher:
  role: >
    {topic} researcher
  goal: Find what is new about {topic}
  backstory: Curious
  llm: openai/gpt-4o
  max_iter: 7
  tools: [FileReadTool, ask_human]
writer:
  role: Writer
  goal: Write
  allow_delegation: true
  llm: local
  verbose: true
";

const TASKS: &str = "
research:
  description: Look at {topic}
  expected_output: A list
  agent: researcher
write:
  description: Write it down
  expected_output: A page
  agent: writer
  context: [research]
  human_input: true
  guardrail: Every claim has a source.
  guardrail_max_retries: 2
  output_file: report.md
";

fn yaml(agents: &str, tasks: &str) -> Result<Project, Vec<Fault>> {
    let files = [
        File { path: "./src/demo/config/agents.yaml", text: agents },
        File { path: "src/demo/config/tasks.yaml", text: tasks },
        File { path: "src/demo/crew.py", text: "import os" },
    ];
    read(&files, &NAMES)
}

#[test]
fn a_classic_project_becomes_a_crew() {
    let project = yaml(AGENTS, TASKS).unwrap();
    let [researcher, writer] = project.agents.as_slice() else { panic!("{:?}", project.agents) };
    assert_eq!(
        Value::Object(researcher.fields.clone()),
        serde_json::json!({"name": "researcher", "role": "{topic} researcher", "goal": "Find what is new about {topic}",
            "backstory": "Curious", "kind": "model", "tools": ["read_file", "ask_human"], "max_iter": 7})
    );
    assert_eq!((&writer.fields["llm"], &writer.fields["allow_delegation"]), (&"local".into(), &true.into()));
    let write = &project.tasks[1];
    assert_eq!((write.name.as_str(), write.agent.as_deref()), ("write", Some("writer")));
    assert_eq!(
        Value::Object(write.fields.clone()),
        serde_json::json!({"description": "Write it down", "expected_output": "A page", "context": ["research"],
            "human_input": true, "guardrail": "Every claim has a source.", "guardrail_max_retries": 2})
    );
    assert_eq!(
        locs(&project.warnings),
        [
            "src/demo/crew.py ignored",
            "src/demo/config/agents.yaml.researcher.llm ignored",
            "src/demo/config/agents.yaml.researcher.tools.0 ignored",
            "src/demo/config/agents.yaml.writer.verbose ignored",
            "src/demo/config/tasks.yaml.write.output_file ignored",
        ]
    );
}

fn json(crew: &str, agent: &str) -> Result<Project, Vec<Fault>> {
    read(&[File { path: "crew.jsonc", text: crew }, File { path: "agents/a.jsonc", text: agent }], &NAMES)
}

const AGENT: &str = r#"{"role": "R", "goal": "G", "settings": {"max_iter": 3, "cache": true}, /* none */ "llm": {"model": "x", "api_key": "k"},}"#;

#[test]
fn a_project_in_json_becomes_a_crew() {
    let crew = r#"{"name": "Demo", "process": "hierarchical", "manager_llm": "local", "agents": ["a"], "memory": false,
        "tasks": [{"description": "D", "expected_output": "E", "output_json": {"type": "object"}}], // one
        "inputs": {"topic": "tea"}}"#;
    let project = json(crew, AGENT).unwrap();
    assert_eq!((project.name.as_deref(), project.is_hierarchical), (Some("Demo"), true));
    assert_eq!((project.manager_llm.as_deref(), &project.inputs["topic"]), (Some("local"), &"tea".into()));
    assert_eq!((project.tasks[0].name.as_str(), project.tasks[0].agent.as_deref()), ("task_1", None));
    assert_eq!(project.tasks[0].fields["output_schema"], serde_json::json!({"type": "object"}));
    assert_eq!(project.agents[0].fields["max_iter"], 3);
    assert_eq!(locs(&project.warnings), ["agents/a.jsonc.llm ignored", "agents/a.jsonc.settings.cache ignored"]);
    assert!(!format!("{:?}", project.warnings).contains("\"k\""), "a key is not repeated");
}

#[test]
fn what_only_python_could_run_is_named_with_its_place() {
    let crew = r#"{"agents": ["a", "b"], "before_kickoff_callbacks": [{"python": "x.y"}],
        "tasks": [{"name": "t", "description": "D", "expected_output": "E", "agent": "a", "guardrail": {"python": "g.h"},
                   "output_pydantic": "Report", "context": ["later"], "condition": "x > 1"},
                  {"description": "", "agent": "nobody", "name": "t"}]}"#;
    let agent =
        r#"{"role": "R", "tools": ["custom:mine", "SerperDevTool", {"python": "m.T"}], "type": {"python": "m.A"}}"#;
    let mut found = locs(&json(crew, agent).unwrap_err());
    found.sort();
    assert_eq!(
        found,
        [
            "agents/a.jsonc.goal missing",
            "agents/a.jsonc.tools.0 unknown_tool",
            "agents/a.jsonc.tools.1 unknown_tool",
            "agents/a.jsonc.tools.2 python",
            "agents/a.jsonc.type python",
            "crew.jsonc.agents.1 unknown_agent",
            "crew.jsonc.before_kickoff_callbacks.0 python",
            "crew.jsonc.tasks.0.condition unsupported",
            "crew.jsonc.tasks.0.context.0 unknown_task",
            "crew.jsonc.tasks.0.guardrail python",
            "crew.jsonc.tasks.0.output_pydantic python",
            "crew.jsonc.tasks.1 duplicate",
            "crew.jsonc.tasks.1.agent unknown_agent",
            "crew.jsonc.tasks.1.description too_short",
            "crew.jsonc.tasks.1.expected_output missing",
        ]
    );
}

#[test]
fn aliases_have_an_end() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let of = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [of.as_str(); 9].join(", ")));
    }
    for text in [bomb.as_str(), "a: &a [*a]\n", "a: &a\n  role: *a\n", "- x\n", "a: [\n", "a: b\n---\nc: d\n"] {
        let faults = yaml(text, TASKS).unwrap_err();
        assert_eq!(faults[0].loc[0], "src/demo/config/agents.yaml", "{faults:?}");
    }
    let shared = "base: &base\n  role: R\n  goal: G\nother:\n  <<: *base\n  goal: H\n";
    let tasks = "t:\n  description: D\n  expected_output: E\n  agent: other\n";
    assert_eq!(yaml(shared, tasks).unwrap().agents[1].fields["role"], "R");
}

#[test]
fn a_project_has_its_files() {
    let of = |paths: &[&str]| {
        let files: Vec<File<'_>> = paths.iter().map(|path| File { path, text: "{}" }).collect();
        locs(&read(&files, &NAMES).unwrap_err())
    };
    assert_eq!(of(&[]), ["project missing"]);
    assert_eq!(of(&["agents.yaml"]), ["agents.yaml missing"]);
    assert_eq!(of(&["a/crew.jsonc", "b\\crew.json"]), ["a/crew.jsonc ambiguous", "b/crew.json ambiguous"]);
    assert_eq!(of(&["crew.jsonc"]), ["crew.jsonc.tasks missing"]);
}

proptest! {
    #[test]
    fn whatever_files_hold_is_read_or_refused(crew in ".{0,200}", agents in "[a-c:&*\\[\\]{}<>| \n-]{0,200}") {
        let _ = json(&crew, &agents);
        let _ = yaml(&agents, &crew);
        let _ = yaml(&agents, &agents);
    }
}
