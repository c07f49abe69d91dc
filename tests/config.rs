//! The settings: how the layers lie over each other, and what is said of those that do not hold.
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use callboard::config::log::LogFormat;
use callboard::config::task::CommandTask;
use callboard::config::{Faults, Flags, Loaded, Settings, load};
use proptest::prelude::*;

/// 32 bytes.
const SECRET_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// A working directory with these files in it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn load_with(flags: &Flags, env: &[(&str, &str)], cwd: &Path) -> Result<Loaded, Faults> {
    let env: Vec<(OsString, OsString)> = env.iter().map(|(name, value)| (name.into(), value.into())).collect();
    load(flags, &env, cwd, &["approval"])
}

fn settings(files: &[(&str, &str)], env: &[(&str, &str)]) -> Settings {
    load_with(&Flags::default(), env, folder(files).path()).unwrap().settings
}

fn faults(files: &[(&str, &str)], env: &[(&str, &str)]) -> Vec<String> {
    let faults = load_with(&Flags::default(), env, folder(files).path()).expect_err("they hold");
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn without_any_layer_the_defaults_hold() {
    assert_eq!(settings(&[], &[]), Settings::default());
    let loaded = load_with(&Flags::default(), &[], folder(&[]).path()).unwrap();
    assert_eq!(loaded.sources, BTreeMap::new());
}

#[test]
fn each_layer_covers_those_below() {
    let file = ("callboard.toml", "[server]\nport = 1\nworkers = 1\nkeep_alive = 1\nheader_timeout = 1");
    let dotenv = (".env", "PORT=2\nCALLBOARD_SERVER__WORKERS=2\nCALLBOARD_SERVER__KEEP_ALIVE=2");
    let env = [("PORT", "3"), ("CALLBOARD_SERVER__WORKERS", "3")];
    let flags = Flags { port: Some(4), log_format: Some(LogFormat::Json), ..Flags::default() };
    let loaded = load_with(&flags, &env, folder(&[file, dotenv]).path()).unwrap();
    let server = &loaded.settings.server;
    assert_eq!((server.port, server.workers, server.keep_alive, server.header_timeout), (4, 3, 2.0, 1.0));
    assert_eq!(loaded.settings.log.format, LogFormat::Json);
    let sources = [
        ("log.format", "flag --log-format"),
        ("server.header_timeout", "callboard.toml"),
        ("server.keep_alive", "CALLBOARD_SERVER__KEEP_ALIVE in .env"),
        ("server.port", "flag --port"),
        ("server.workers", "environment variable CALLBOARD_SERVER__WORKERS"),
    ];
    assert_eq!(loaded.sources, sources.map(|(key, source)| (key.to_owned(), source.to_owned())).into());
}

#[test]
fn every_flag_sets_its_setting() {
    let flags = Flags {
        host: Some("0.0.0.0".into()),
        port: Some(0),
        store: Some("memory:".into()),
        config: Some("other.toml".into()),
        log_format: Some(LogFormat::Json),
        static_dir: Some("page".into()),
    };
    let files = [("callboard.toml", "broken"), ("other.toml", "[sessions]\nmax_labels = 7")];
    let settings = load_with(&flags, &[], folder(&files).path()).unwrap().settings;
    assert_eq!((settings.server.host.as_str(), settings.server.port), ("0.0.0.0", 0));
    assert_eq!(settings.store.url, "memory:");
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.server.static_dir.as_deref(), Some("page"));
    assert_eq!(settings.sessions.max_labels, 7);
}

#[test]
fn customary_variables_set_what_they_name_and_give_way_to_our_own() {
    let env = [
        ("HOST", "localhost"),
        ("PORT", "9000"),
        ("RUST_LOG", "debug,actix=warn"),
        ("WEBSOCKET_HEARTBEAT_INTERVAL", "5"),
        ("WEBSOCKET_MAX_CONNECTIONS", "7"),
        ("WEBSOCKET_MESSAGE_SIZE_LIMIT", "4096"),
        ("CALLBOARD_CONNECTIONS__MAX_CONNECTIONS", "8"),
        ("REDIS_URL", "redis://:hunter2@localhost"),
        ("CALLBOARD_STORE__SECRET_KEY", SECRET_KEY),
        ("CALLBOARD_SERVER__ADMIN_TOKEN", "sixteen-letters_"),
        ("OPENAI_API_KEY", "x"),
        ("OPENAI_BASE_URL", "http://localhost"),
        ("PATH", "/bin"),
        ("CALLBOARD_PORT", "tcp://10.0.0.1:80"),
    ];
    let settings = settings(&[], &env);
    assert_eq!((settings.server.host.as_str(), settings.server.port), ("localhost", 9000));
    assert_eq!(settings.store.url, "redis://:hunter2@localhost");
    assert_eq!(settings.log.filter, "debug,actix=warn");
    assert_eq!(settings.connections.heartbeat_interval, 5.0);
    assert_eq!(settings.connections.max_connections, 8);
    assert_eq!(settings.connections.max_message_bytes, 4096);
}

#[test]
fn the_address_of_the_store_may_stand_in_a_file() {
    let files = [("address", "redis://:hunter2@localhost\n")];
    let common = [("CALLBOARD_STORE__SECRET_KEY", SECRET_KEY), ("CALLBOARD_SERVER__ADMIN_TOKEN", "sixteen-letters_")];
    for name in ["REDIS_URL_FILE", "CALLBOARD_STORE__URL_FILE"] {
        let read = settings(&files, &[(name, "address"), common[0], common[1]]);
        assert_eq!(read.store.url, "redis://:hunter2@localhost", "{name}");
    }
    let said =
        faults(&files, &[("REDIS_URL_FILE", "address"), ("REDIS_URL", "memory:"), common[0], common[1]]).concat();
    assert!(said.contains("stands beside REDIS_URL"), "{said}");
}

#[test]
fn an_agent_s_turns_have_two_names() {
    for (key, turns) in [("max_iter", 7), ("max_iterations", 8)] {
        let agent = format!("[[agent]]\nname = \"a\"\nrole = \"r\"\ngoal = \"g\"\nkind = \"model\"\n{key} = {turns}\n");
        let read = settings(&[("callboard.toml", &agent)], &[("OPENAI_BASE_URL", "http://localhost")]);
        assert_eq!(read.agent[0].max_iter, turns, "{key}");
    }
}

#[test]
fn servers_on_redis_need_what_they_have_in_common_and_show_no_password() {
    let file = [("callboard.toml", "[store]\nurl = \"redis://ada:hunter2@redis.example/1\"")];
    let said = faults(&file, &[]);
    for key in ["store.secret_key", "server.admin_token"] {
        assert!(said.iter().any(|fault| fault.starts_with(&format!("callboard.toml: {key}: must be set"))), "{said:?}");
    }
    let env = [("CALLBOARD_STORE__SECRET_KEY", SECRET_KEY), ("CALLBOARD_SERVER__ADMIN_TOKEN", "sixteen-letters_")];
    let loaded = load_with(&Flags::default(), &env, folder(&file).path()).unwrap();
    let shown = loaded.to_string();
    assert!(shown.contains("url = \"redis://redis.example:6379/1\"") && !shown.contains("hunter2"), "{shown}");
    assert!(loaded.settings.secrets().contains(&"hunter2".to_owned()));
    for url in
        ["redis://:hunter2@", "redis://hunter2@host", "redis+sentinel://:hunter2@host", "redis://:hunter2@host/x"]
    {
        let said = faults(&[], &[("CALLBOARD_STORE__URL", url), env[0], env[1]]).concat();
        assert!(said.contains("store.url") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn lists_and_tasks_can_be_variables() {
    let env = [
        ("CALLBOARD_SERVER__ALLOWED_ORIGINS", "https://a.example, http://b.example:3000"),
        ("CALLBOARD_SERVER__ALLOWED_HOSTS", r#"["a.example"]"#),
        ("CALLBOARD_TASK", r#"[{"name": "hello", "command": ["echo", "hello"], "timeout": 5}]"#),
        ("CALLBOARD_SERVER__STATIC_DIR", "page"),
        ("CALLBOARD_SERVER__WORKERS", ""),
    ];
    let settings = settings(&[("callboard.toml", "[[task]]\nname = \"gone\"\ncommand = [\"x\"]")], &env);
    assert_eq!(settings.server.allowed_origins, ["https://a.example", "http://b.example:3000"]);
    assert_eq!(settings.server.allowed_hosts, ["a.example"]);
    assert_eq!(settings.server.static_dir.as_deref(), Some("page"));
    assert_eq!(settings.server.workers, 0);
    let task = CommandTask {
        name: "hello".into(),
        command: vec!["echo".into(), "hello".into()],
        timeout: Some(5.0),
        ..CommandTask::default()
    };
    assert_eq!(settings.task, [task]);
}

#[test]
fn a_schema_keeps_the_order_of_its_fields() {
    let file = "[[task]]\nname = \"a\"\ncommand = [\"a\"]\n\
                input_schema = {properties = {zebra = {type = \"string\"}, apple = {minimum = 1, maximum = 2.5}}}";
    let schema = settings(&[("callboard.toml", file)], &[]).task[0].input_schema.clone().unwrap();
    let text = r#"{"properties":{"zebra":{"type":"string"},"apple":{"minimum":1,"maximum":2.5}}}"#;
    assert_eq!(schema.to_string(), text);
}

#[test]
fn every_fault_of_every_layer_is_told_at_once() {
    let file = "colour = 1\n[server]\nprot = 1\nport = 70000\nhost = \"example.org\"\n[conections]\n\
                [connections]\noutbox_bytes = 10\nheartbeat_grace = nan\n\
                [[task]]\nname = \"a b\"\ncommands = []\n[[task]]\nname = \"approval\"\ncommand = [\"x\"]\n\
                [[task]]\nname = \"b\"\ncommand = [\"x\"]\ninput_schema = {type = 5}\n[[task]]\nname = \"b\"\ncommand = [\"\"]";
    let dotenv = "nonsense\nCALLBOARD_SERVER_PORT=1\nWEBSOCKET_MESSAGE_SIZE_LIMIT=1MB";
    let env = [
        ("CALLBOARD_LOG__LEVEL", "info"),
        ("CALLBOARD_CONNECTIONS__RETENTION", "1"),
        ("RUST_LOG", "a=b=c"),
        ("CALLBOARD_STORE__URL", "postgres://x"),
    ];
    let said = faults(&[("callboard.toml", file), (".env", dotenv)], &env);
    let expected = [
        "callboard.toml: colour: there is no such setting",
        "callboard.toml: server.prot: there is no such setting; did you mean server.port?",
        "callboard.toml: server.port: must be a whole number from 0 to 65535, not `70000`",
        "callboard.toml: conections: there is no such section; did you mean connections?",
        "callboard.toml: connections.heartbeat_grace: must be a finite number, not NaN",
        "callboard.toml: task[0].commands: a task has no such setting; did you mean command?",
        ".env:1: must be KEY=VALUE",
        "CALLBOARD_SERVER_PORT in .env: there is no such setting; did you mean CALLBOARD_SERVER__PORT?",
        "WEBSOCKET_MESSAGE_SIZE_LIMIT in .env: connections.max_message_bytes: must be a whole number, 0 or more, not \"1MB\"",
        "environment variable CALLBOARD_CONNECTIONS__RETENTION: there is no such setting; did you mean CALLBOARD_SESSIONS__RETENTION?",
        "environment variable CALLBOARD_LOG__LEVEL: there is no such setting",
        "callboard.toml: server.host: must be an IP address or localhost, not \"example.org\"",
        "environment variable CALLBOARD_STORE__URL: store.url: must be sqlite:PATH, redis://HOST or memory:",
        "callboard.toml: connections.outbox_bytes: must be at least 16384, not 10",
        "callboard.toml: task[0].name: must be 1 to 64 letters, digits, '_' or '-', not \"a b\"",
        "callboard.toml: task[0].command: must name a program, such as [\"sh\", \"greet.sh\"]",
        "callboard.toml: task[3].command: must name a program, such as [\"sh\", \"greet.sh\"]",
        "callboard.toml: task[1].name: \"approval\" is the name of a task that is built in; take another one",
        "callboard.toml: task[3].name: \"b\" is the name of task[2], too; take another one",
    ];
    for line in expected {
        assert!(said.iter().any(|said| said == line), "{line}\nis not in\n{}", said.join("\n"));
    }
    let rest: Vec<&String> = said.iter().filter(|said| !expected.contains(&said.as_str())).collect();
    assert_eq!(rest.len(), 2, "{rest:#?}");
    assert!(rest.iter().any(|said| said.starts_with("callboard.toml: task[2].input_schema: must be a JSON Schema")));
    assert!(rest.iter().any(|said| said.starts_with("environment variable RUST_LOG: log.filter: ")), "{rest:#?}");
}

#[test]
fn broken_toml_is_told_with_line_and_column_and_without_its_text() {
    let said = faults(&[("callboard.toml", "[store]\nsecret_key = \"hunter2\nurl = 1")], &[]);
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("callboard.toml:2:"), "{said:?}");
    assert!(!said[0].contains("hunter2"), "{said:?}");
}

#[test]
fn a_section_that_is_none_is_told() {
    let said = faults(&[("callboard.toml", "server = 5\n[task]\nname = \"x\"")], &[]);
    assert_eq!(
        said,
        [
            "callboard.toml: server: must be a table; write [server]",
            "callboard.toml: task: must be a list; write [[task]]"
        ]
    );
}

#[test]
fn programs_of_a_settings_file_run_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[[task]]\nname = \"a\"\ncommand = [\"sh\"]\n[[task]]\nname = \"b\"\ncommand = [\"sh\"]\ncwd = \"in\"\n[[task]]\nname = \"c\"\ncommand = [\"sh\"]\ncwd = \"/bin\"\n";
    std::fs::create_dir(folder.path().join("there")).unwrap();
    std::fs::write(folder.path().join("there/own.toml"), text).unwrap();
    let flags = Flags { config: Some(PathBuf::from("there/own.toml")), ..Flags::default() };
    let loaded = load(&flags, &[], folder.path(), &[]).unwrap();
    let there = folder.path().join("there");
    let cwd: Vec<_> = loaded.settings.task.iter().map(|task| PathBuf::from(task.cwd.clone().unwrap())).collect();
    assert_eq!(cwd, [there.join(""), there.join("in"), PathBuf::from("/bin")]);
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let flags = Flags { config: Some(PathBuf::from("nowhere.toml")), ..Flags::default() };
    let faults = load_with(&flags, &[], folder(&[]).path()).unwrap_err();
    assert!(faults.to_string().starts_with("nowhere.toml: cannot be read: "), "{faults}");
}

#[test]
fn a_secret_can_be_kept_in_a_file_and_is_never_shown() {
    let key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let folder = folder(&[("key", &format!("{key}\n"))]);
    let env = [("CALLBOARD_STORE__SECRET_KEY_FILE", "key")];
    let loaded = load_with(&Flags::default(), &env, folder.path()).unwrap();
    assert_eq!(loaded.settings.store.secret_key.as_ref().map(|key| key.reveal()), Some(key));
    let shown = format!("{loaded} {:?}", loaded.settings);
    assert!(!shown.contains(key));
    assert!(shown.contains("secret_key = \"***\"  # environment variable CALLBOARD_STORE__SECRET_KEY_FILE"), "{shown}");

    let both = [env[0], ("CALLBOARD_STORE__SECRET_KEY", key)];
    let faults = load_with(&Flags::default(), &both, folder.path()).unwrap_err().to_string();
    assert!(faults.contains("stands beside CALLBOARD_STORE__SECRET_KEY; set one of them"), "{faults}");
    assert!(!faults.contains(key));

    for (env, said) in [
        (("CALLBOARD_STORE__SECRET_KEY", "hunter2!"), "must be 32 bytes in base64"),
        (("CALLBOARD_STORE__SECRET_KEY", "aHVudGVyMg=="), "must be 32 bytes in base64, not 7 bytes"),
        (("CALLBOARD_STORE__SECRET_KEY_FILE", "none"), "the file none cannot be read"),
    ] {
        let faults = load_with(&Flags::default(), &[env], folder.path()).unwrap_err().to_string();
        assert!(faults.starts_with(&format!("environment variable {}: store.secret_key: {said}", env.0)), "{faults}");
        assert!(!faults.contains("hunter2") && !faults.contains("aHVud"), "{faults}");
    }
}

#[test]
fn what_is_shown_is_toml_that_gives_the_same_settings_again() {
    let text = std::fs::read_to_string("callboard.example.toml").unwrap();
    let loaded =
        load_with(&Flags::default(), &[("PORT", "9000")], folder(&[("callboard.toml", &text)]).path()).unwrap();
    let shown = loaded.to_string();
    assert!(shown.contains("port = 9000  # environment variable PORT\n"), "{shown}");
    assert!(shown.contains("max_labels = 32\n"), "what is said and the default needs no source: {shown}");
    let again = settings(&[("callboard.toml", &shown)], &[]);
    assert_eq!(again, loaded.settings);
}

#[test]
fn variables_of_a_task_are_not_shown() {
    let file = "[[task]]\nname = \"a\"\ncommand = [\"a\"]\nenv = {TOKEN = \"hunter2\"}";
    let loaded = load_with(&Flags::default(), &[], folder(&[("callboard.toml", file)]).path()).unwrap();
    let shown = loaded.to_string();
    assert!(shown.contains("TOKEN") && !shown.contains("hunter2"), "{shown}");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_told() {
    use std::os::unix::ffi::OsStringExt as _;
    let env = [("PORT".into(), OsString::from_vec(vec![0xff])), (OsString::from_vec(vec![0xff]), "x".into())];
    let faults = load(&Flags::default(), &env, folder(&[]).path(), &[]).unwrap_err();
    assert_eq!(faults.to_string(), "environment variable PORT: is not UTF-8 text");
}

/// The example, as `section.key` and value; a commented setting has no value.
fn documented(text: &str) -> BTreeMap<String, Option<String>> {
    let (mut section, mut keys, mut explained) = (String::new(), BTreeMap::new(), false);
    for line in text.lines().take_while(|line| !line.starts_with("[[")) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((key, value)) =
            line.split_once(" = ").filter(|(key, _)| !key.trim_start_matches("# ").contains(' '))
        {
            let commented = key.starts_with('#');
            if section.is_empty() || (commented && value.contains("   ")) {
                continue;
            }
            let key = format!("{section}.{}", key.trim_start_matches("# "));
            assert!(explained, "{key} has no line of why");
            keys.insert(key, (!commented).then(|| value.to_owned()));
        }
        explained = line.starts_with("# ");
    }
    keys
}

#[test]
fn the_example_file_documents_every_setting_with_its_default() {
    let text = std::fs::read_to_string("callboard.example.toml").unwrap();
    let mut documented = documented(&text);
    let serde_json::Value::Object(defaults) = serde_json::to_value(Settings::default()).unwrap() else {
        unreachable!()
    };
    for (section, keys) in defaults.iter().filter_map(|(name, keys)| Some((name, keys.as_object()?))) {
        for (key, default) in keys {
            let name = format!("{section}.{key}");
            let value = documented.remove(&name).unwrap_or_else(|| panic!("{name} is missing in the example"));
            let value = value.map_or(serde_json::Value::Null, |text| {
                let table: toml::Table = format!("value = {text}").parse().unwrap();
                serde_json::to_value(&table["value"]).unwrap()
            });
            assert_eq!(&value, default, "{name}");
        }
    }
    assert_eq!(documented, BTreeMap::new(), "there are no such settings");
    let serde_json::Value::Object(task) = serde_json::to_value(CommandTask::default()).unwrap() else { unreachable!() };
    for key in task.keys() {
        assert!(text.contains(&format!("\n# {key} = ")), "{key} of a task is missing in the example");
    }
}

#[test]
fn the_example_file_holds() {
    let text = std::fs::read_to_string("callboard.example.toml").unwrap();
    let settings = settings(&[("callboard.toml", &text)], &[]);
    let names: Vec<&str> = settings.task.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["greet", "tidy_files", "release_notes"]);
    assert_eq!(Settings { task: Vec::new(), ..settings }, Settings::default());
}

/// Texts that look like settings often enough to get past the first check.
fn toml_like() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("server".to_owned()),
        Just("task".to_owned()),
        Just("connections".to_owned()),
        Just("port".to_owned()),
        Just("name".to_owned()),
        Just("retention".to_owned()),
        Just("env".to_owned()),
        Just("\"a[9999999999].b\"".to_owned()),
        "[a-z_.\"]{1,8}",
    ];
    let value = prop_oneof![
        Just("nan".to_owned()),
        Just("-inf".to_owned()),
        Just("1e999".to_owned()),
        Just("2020-01-01".to_owned()),
        Just("[[1], {a = 1}]".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| n.to_string()),
        any::<String>().prop_map(|text| format!("{text:?}")),
    ];
    let line = prop_oneof![
        word.clone().prop_map(|word| format!("[{word}]")),
        word.clone().prop_map(|word| format!("[[{word}]]")),
        (word, value).prop_map(|(word, value)| format!("{word} = {value}")),
        any::<String>(),
    ];
    proptest::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_and_no_environment_panics(
        toml in toml_like(),
        dotenv in prop_oneof![any::<String>(), "((CALLBOARD_)?[A-Z_]{1,8}=['\"]?.{0,8}['\"]?\n){0,3}"],
        env in proptest::collection::vec(("(CALLBOARD_)?(SERVER__PORT|TASK|LOG__FILTER|STORE__SECRET_KEY_FILE|[A-Z_]{1,9})", any::<String>()), 0..6),
    ) {
        let folder = folder(&[("callboard.toml", &toml), (".env", &dotenv)]);
        let env: Vec<(OsString, OsString)> = env.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        match load(&Flags::default(), &env, folder.path(), &["approval"]) {
            Ok(loaded) => prop_assert!(loaded.to_string().parse::<toml::Table>().is_ok(), "{}", loaded),
            Err(faults) => prop_assert!(!faults.is_empty() && !faults.to_string().is_empty()),
        }
    }

    #[test]
    fn every_time_that_is_accepted_is_a_duration(
        (section, key) in proptest::sample::select(times()),
        seconds in prop_oneof![any::<f64>(), 0.0..1e25],
    ) {
        let text = format!("[{section}]\n{key} = {seconds:?}");
        if let Ok(loaded) = load_with(&Flags::default(), &[], folder(&[("callboard.toml", &text)]).path()) {
            let settings = serde_json::to_value(&loaded.settings).unwrap();
            let accepted = settings[&section][&key].as_f64().unwrap();
            prop_assert!(std::time::Duration::try_from_secs_f64(accepted).is_ok(), "{}.{} {}", section, key, accepted);
        }
    }
}

/// The settings that are no whole numbers; all but one rate are times.
fn times() -> Vec<(String, String)> {
    let settings = serde_json::to_value(Settings::default()).unwrap();
    let sections = settings.as_object().unwrap().iter().filter_map(|(name, keys)| Some((name, keys.as_object()?)));
    sections
        .flat_map(|(section, keys)| {
            let times = keys.iter().filter(|(_, value)| value.is_f64());
            times.map(move |(key, _)| (section.clone(), key.clone()))
        })
        .collect()
}
