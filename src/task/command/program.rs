//! What is run: the program with its arguments, folder and environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::error::Error;
use crate::config::task::CommandTask;
use crate::domain::id::SessionId;

/// What a command gets of the server's own environment.
const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// Where programs are looked for when there is no `PATH`.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How commands are started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launcher {
    /// Words that come before a command's own; without them the command is run directly.
    ///
    /// They must stand for the command: end with its exit code or by its signal, leave the group's signals to it, and
    /// hold none of its pipes.
    pub wrapper: Option<Vec<String>>,
}

impl Launcher {
    /// Starts commands so that none, nor anything in its process group, outlives this process, even if that is killed.
    /// Only for the `callboard` program, which has the hidden command `run-child`; other programs use the default.
    #[must_use]
    pub fn tied_to_this_process() -> Self {
        // On Linux this finds the running program even where its file has been replaced by a newer version.
        let program = if cfg!(target_os = "linux") {
            "/proc/self/exe".to_owned()
        } else {
            std::env::current_exe().unwrap_or_default().to_string_lossy().into_owned()
        };
        let parent = std::process::id().to_string();
        Self { wrapper: Some(vec![program, "run-child".into(), "--parent".into(), parent, "--".into()]) }
    }

    /// The program and its arguments, as the system gets them.
    pub(super) fn argv<'a>(&'a self, command: &'a [String]) -> impl Iterator<Item = &'a String> {
        self.wrapper.iter().flatten().chain(command)
    }
}

/// The whole environment of a command.
pub(super) fn environment(settings: &CommandTask, session: SessionId, attempt: u32) -> BTreeMap<OsString, OsString> {
    let inherited = INHERITED.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
    let own = settings.env.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let about = [("CALLBOARD_SESSION_ID", session.to_string()), ("CALLBOARD_ATTEMPT", attempt.to_string())];
    inherited.chain(own).chain(about.map(|(name, value)| (name.into(), value.into()))).collect()
}

/// Checks that a command can be started. The wrapper can always be, so that the system would not say it.
///
/// # Errors
/// [`Error::Start`] where its folder or its program is not there, or may not be used.
pub(super) fn check(settings: &CommandTask) -> Result<(), Error> {
    let folder = Path::new(settings.cwd.as_deref().unwrap_or("."));
    match std::fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(refused(settings, "its folder is no folder")),
        Err(error) => return Err(refused(settings, &format!("its folder cannot be used: {}", words(&error)))),
    }
    let Some(program) = settings.command.first() else { return Err(refused(settings, "it names no program")) };
    if program.contains('/') {
        return executable(&folder.join(program)).map_err(|error| refused(settings, &words(&error)));
    }
    let path = match settings.env.get("PATH") {
        Some(path) => OsString::from(path),
        None => std::env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into()),
    };
    let mut worst = io::Error::from_raw_os_error(rustix::io::Errno::NOENT.raw_os_error());
    for place in std::env::split_paths(&path) {
        match executable(&folder.join(place).join(program)) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => worst = error,
            Err(_) => {}
        }
    }
    Err(refused(settings, &words(&worst)))
}

/// A command that could not be started, and why.
pub(super) fn refused(settings: &CommandTask, reason: &str) -> Error {
    Error::Start { program: settings.command.first().cloned().unwrap_or_default(), reason: reason.to_owned() }
}

/// What the system says, without its number.
pub(super) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

fn executable(path: &Path) -> io::Result<()> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 {
        return Ok(());
    }
    Err(io::Error::from_raw_os_error(rustix::io::Errno::ACCESS.raw_os_error()))
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
        let unknown = environment.keys().filter(|name| !INHERITED.iter().any(|known| name == known));
        assert_eq!(unknown.collect::<Vec<_>>(), ["CALLBOARD_ATTEMPT", "CALLBOARD_SESSION_ID", "STAGE"]);
        assert_eq!(environment.get(OsStr::new("CALLBOARD_ATTEMPT")).unwrap(), "2");
    }

    #[test]
    fn a_wrapper_comes_first() {
        let settings = command(&["sh", "-c"]);
        let launcher = Launcher { wrapper: Some(vec!["run".into(), "--".into()]) };
        assert_eq!(launcher.argv(&settings.command).collect::<Vec<_>>(), ["run", "--", "sh", "-c"]);
        assert_eq!(Launcher::default().argv(&settings.command).collect::<Vec<_>>(), ["sh", "-c"]);
    }
}
