//! What is run for a session: the program of the settings, and what it learns of the session.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::error::Error;
use crate::config::task::CommandTask;
use crate::domain::id::SessionId;
use crate::process::Program;

/// The whole environment of a command.
pub(super) fn environment(settings: &CommandTask, session: SessionId, attempt: u32) -> BTreeMap<OsString, OsString> {
    let about = [("CALLBOARD_SESSION_ID", session.to_string()), ("CALLBOARD_ATTEMPT", attempt.to_string())];
    let about = about.map(|(name, value)| (name.into(), value.into()));
    let mut environment: BTreeMap<OsString, OsString> =
        program(settings).environment().into_iter().chain(about).collect();
    if settings.pty {
        // Nobody moves a cursor on the page.
        environment.entry("TERM".into()).or_insert_with(|| "dumb".into());
    }
    environment
}

/// Checks that a command can be started.
///
/// # Errors
/// [`Error::Start`] where its folder or its program is not there, or may not be used.
pub(super) fn check(settings: &CommandTask) -> Result<(), Error> {
    program(settings).check().map_err(|reason| refused(settings, &reason))
}

/// A command that could not be started, and why.
pub(super) fn refused(settings: &CommandTask, reason: &str) -> Error {
    Error::Start { program: settings.command.first().cloned().unwrap_or_default(), reason: reason.to_owned() }
}

/// What the settings run.
pub(super) fn program(settings: &CommandTask) -> Program<'_> {
    Program { command: &settings.command, cwd: settings.cwd.as_deref(), env: &settings.env }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    fn command(argv: &[&str]) -> CommandTask {
        CommandTask { command: argv.iter().map(|word| (*word).to_owned()).collect(), ..CommandTask::default() }
    }

    fn reason(settings: &CommandTask) -> String {
        check(settings).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        assert_eq!(reason(&command(&["sh"])), "");
        assert_eq!(reason(&command(&["/bin/sh", "-c", "exit"])), "");
        let missing = "the command \"no-such-program\" cannot be started: No such file or directory";
        assert_eq!(reason(&command(&["no-such-program"])), missing);
        let elsewhere = CommandTask { env: [("PATH".into(), "/nowhere".into())].into(), ..command(&["sh"]) };
        assert_eq!(reason(&elsewhere), "the command \"sh\" cannot be started: No such file or directory");
        assert_eq!(
            reason(&command(&["/etc/passwd"])),
            "the command \"/etc/passwd\" cannot be started: Permission denied"
        );
        assert_eq!(reason(&command(&["/bin"])), "the command \"/bin\" cannot be started: Permission denied");
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let nowhere = CommandTask { cwd: Some("/no/such/folder".into()), ..command(&["sh"]) };
        let expected = "the command \"sh\" cannot be started: its folder cannot be used: No such file or directory";
        assert_eq!(reason(&nowhere), expected);
        let inside = CommandTask { cwd: Some("/bin".into()), ..command(&["./sh"]) };
        assert_eq!(reason(&inside), "");
    }

    #[test]
    fn a_command_gets_nothing_of_the_environment_but_what_is_named() {
        let settings = CommandTask { env: [("STAGE".into(), "test".into())].into(), ..command(&["sh"]) };
        let environment = environment(&settings, SessionId::random(), 2);
        let unknown =
            environment.keys().filter(|name| !["PATH", "HOME", "LANG", "TZ"].iter().any(|known| name == known));
        assert_eq!(
            unknown.collect::<Vec<_>>(),
            ["CALLBOARD_ATTEMPT", "CALLBOARD_SESSION_ID", "PYTHONUNBUFFERED", "STAGE"]
        );
        assert_eq!(environment.get(OsStr::new("CALLBOARD_ATTEMPT")).unwrap(), "2");
    }
}
