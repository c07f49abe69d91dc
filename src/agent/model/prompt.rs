//! What a model is told of its agent and of the task.

use callboard_model::Message;

use crate::agent::Assignment;

/// How a conversation begins.
pub(super) fn messages(work: &Assignment) -> Vec<Message> {
    vec![Message::System(system(work)), Message::User(task(work))]
}

/// What is said where an output does not fit its schema.
pub(super) fn unfit(faults: &[String]) -> String {
    format!("This does not fit the JSON Schema that was asked for: {}. Give the whole answer again.", faults.join("; "))
}

fn system(work: &Assignment) -> String {
    let agent = &work.agent;
    let mut text = format!("You are {}, {}.\nYour goal: {}", agent.name, agent.role, agent.goal);
    if let Some(backstory) = agent.backstory.as_deref().filter(|backstory| !backstory.is_empty()) {
        text.push_str(&format!("\nYour background: {backstory}"));
    }
    text
}

fn task(work: &Assignment) -> String {
    let mut text = work.description.clone();
    if let Some(expected) = work.expected_output.as_deref().filter(|expected| !expected.is_empty()) {
        text.push_str(&format!("\n\nWhat is expected: {expected}"));
    }
    for (name, output) in &work.context {
        text.push_str(&format!("\n\nThe output of {name}:\n{output}"));
    }
    text
}
