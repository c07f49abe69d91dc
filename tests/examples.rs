//! The example programs of `examples/tasks`, driven over pipes as the server drives them: to their end, through a "no",
//! through a cancel, and with the server going down at every point where it could.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use callboard::domain::form;
use callboard::domain::request::Field;
use serde_json::{Value, json};

/// How long a program may say nothing before the test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server in miniature: it keeps a journal, and answers from it what a program says again.
#[derive(Default)]
struct FakeServer {
    journal: Vec<Call>,
    answers: VecDeque<Value>,
}

/// One thing that a program said.
#[derive(Clone, Debug, PartialEq)]
enum Call {
    Told(Value),
    Asked { question: Value, answer: Option<Value> },
    Step { name: String, value: Option<Value> },
}

/// How a run came to its end.
#[derive(Clone, Debug, PartialEq)]
enum End {
    Completed(Value),
    Failed(String),
    Exited(Option<i32>),
    ServerDown,
}

/// When the server goes down.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Down {
    Never,
    /// Once the journal has so many calls; a step that is the last of them has not begun its work.
    AfterCalls(usize),
    /// When so many steps have done their work; the outcome of the last is lost.
    BeforeOutcome(usize),
}

struct Program {
    child: Child,
    input: ChildStdin,
    output: Receiver<Value>,
}

impl Program {
    fn start(command: &[&str], cwd: &Path, start: &Value) -> Self {
        let mut child = Command::new(command[0])
            .args(&command[1..])
            .current_dir(cwd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let message = serde_json::from_str(&line).ok().filter(|value: &Value| value["type"].is_string());
                let plain = || json!({"type": "stream", "content": line});
                if sender.send(message.unwrap_or_else(plain)).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take().unwrap();
        let mut program = Self { child, input, output: receiver };
        program.tell(start);
        program
    }

    fn tell(&mut self, message: &Value) {
        writeln!(self.input, "{message}").unwrap();
    }

    fn hear(&mut self) -> Option<Value> {
        match self.output.recv_timeout(PATIENCE) {
            Ok(message) => Some(message),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("the program hangs"),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl FakeServer {
    fn answering(answers: &[Value]) -> Self {
        Self { journal: Vec::new(), answers: answers.iter().cloned().collect() }
    }

    fn run(&mut self, command: &[&str], cwd: &Path, input: Value, config: Value, down: Down) -> End {
        let start = json!({"type": "start", "session_id": "s", "attempt": 1, "input": input, "config": config});
        let mut program = Program::start(command, cwd, &start);
        let mut at = 0;
        let mut outcomes = 0;
        while let Some(message) = program.hear() {
            match message["type"].as_str().unwrap() {
                "task_completed" => return End::Completed(message["values"].clone()),
                "task_failed" => return End::Failed(message["error"].as_str().unwrap().to_owned()),
                "step_completed" => {
                    outcomes += 1;
                    if down == Down::BeforeOutcome(outcomes) {
                        return End::ServerDown;
                    }
                    let Some(Call::Step { name, value }) = self.journal.get_mut(at - 1) else {
                        panic!("no step was begun: {message}")
                    };
                    assert_eq!(*name, message["name"], "the step that ends is the one that began");
                    *value = Some(message["value"].clone());
                }
                _ => {
                    let is_new = at == self.journal.len();
                    let reply = self.call(&message, at);
                    at += 1;
                    if is_new && down == Down::AfterCalls(at) {
                        return End::ServerDown;
                    }
                    if let Some(reply) = reply {
                        program.tell(&reply);
                    }
                }
            }
        }
        End::Exited(program.child.wait().unwrap().code())
    }

    /// Records a call, or finds it in the journal; gives what the program is told.
    fn call(&mut self, message: &Value, at: usize) -> Option<Value> {
        let call = match message["type"].as_str().unwrap() {
            "stream" | "progress" => Call::Told(message.clone()),
            "step" => Call::Step { name: message["name"].as_str().unwrap().to_owned(), value: None },
            "request_confirmation" | "request_user_input" => Call::Asked { question: message.clone(), answer: None },
            other => panic!("no such message: {other}"),
        };
        if at == self.journal.len() {
            self.journal.push(call.clone());
        }
        match (&call, &mut self.journal[at]) {
            (Call::Told(told), Call::Told(recorded)) => {
                assert_eq!(told, recorded, "a program that is started again says the same");
                None
            }
            (Call::Step { name, .. }, Call::Step { name: recorded, value }) => {
                assert_eq!(name, recorded, "a program that is started again does the same");
                let done = value.as_ref().map(|value| json!({"type": "step_result", "value": value}));
                Some(done.unwrap_or_else(|| json!({"type": "step_run"})))
            }
            (Call::Asked { question, .. }, Call::Asked { question: recorded, answer }) => {
                assert_eq!(question, recorded, "a program that is started again asks the same");
                if answer.is_none() {
                    *answer = Some(checked(question, self.answers.pop_front().expect("an answer is left")));
                }
                answer.clone()
            }
            (call, recorded) => panic!("the program changed: {call:?} where {recorded:?} was"),
        }
    }

    /// The points in a finished run at which it matters that the server goes down: each question, each step, and the
    /// last line. What lies between them is told again in any case, and each point costs two starts of the program.
    fn points(&self) -> Vec<Down> {
        let is_told = |call: &Call| matches!(call, Call::Told(_));
        let matters = |at: &usize| *at == self.journal.len() || !is_told(&self.journal[*at - 1]);
        (1..=self.journal.len()).filter(matters).map(Down::AfterCalls).collect()
    }

    fn streams(&self) -> Vec<&str> {
        let told = self.journal.iter().filter_map(|call| if let Call::Told(told) = call { Some(told) } else { None });
        told.filter_map(|told| told["content"].as_str()).collect()
    }
}

/// The answer as the server would hand it on; the form must be a good one.
fn checked(question: &Value, answer: Value) -> Value {
    if question["type"] == "request_confirmation" || answer["type"] != "user_input" {
        return answer;
    }
    let fields: Vec<Field> = serde_json::from_value(question["fields"].clone()).unwrap();
    assert_eq!(form::faults(&fields), []);
    let values = form::check(&fields, answer["values"].as_object().unwrap()).unwrap();
    json!({"type": "user_input", "values": values})
}

fn yes() -> Value {
    json!({"type": "confirm", "value": true})
}

fn no() -> Value {
    json!({"type": "confirm", "value": false})
}

fn cancel() -> Value {
    json!({"type": "cancel"})
}

fn fill(values: Value) -> Value {
    json!({"type": "user_input", "values": values})
}

fn example(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "examples", "tasks", name].iter().collect();
    path.to_str().unwrap().to_owned()
}

/// Whether a test cannot be run here, which it then says.
#[expect(clippy::print_stderr, reason = "a test that was left out must say so")]
fn lacks(programs: &[&str]) -> bool {
    let is_there = |program: &&str| Command::new(program).arg("--version").output().is_ok();
    let missing: Vec<&&str> = programs.iter().filter(|program| !is_there(program)).collect();
    if !missing.is_empty() {
        eprintln!("left out: {missing:?} is not installed");
    }
    !missing.is_empty()
}

mod greet;
mod news;
mod release_notes;
mod tidy_files;
