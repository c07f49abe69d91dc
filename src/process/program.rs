//! What is run: a program with its arguments, folder and environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// What a program gets of the server's own environment.
const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// What a program gets unless its settings say otherwise: Python would keep its output back until there is a lot of it.
const USUAL: [(&str, &str); 1] = [("PYTHONUNBUFFERED", "1")];

/// Where programs are looked for when there is no `PATH`.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A program as the settings name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program<'a> {
    /// The program and its arguments; no shell reads them.
    pub command: &'a [String],
    /// The folder that it runs in; that of the server where there is none.
    pub cwd: Option<&'a str>,
    /// Its own environment variables.
    pub env: &'a BTreeMap<String, String>,
}

impl Program<'_> {
    /// Its whole environment.
    #[must_use]
    pub(crate) fn environment(&self) -> BTreeMap<OsString, OsString> {
        let inherited = INHERITED.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
        let usual = USUAL.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        inherited
            .chain(usual)
            .chain(self.env.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
            .collect()
    }

    /// Checks that it can be started. The wrapper can always be, so that the system would not say it.
    ///
    /// # Errors
    /// In words, where its folder or the program is not there, or may not be used.
    pub(crate) fn check(&self) -> Result<(), String> {
        let folder = Path::new(self.cwd.unwrap_or("."));
        match std::fs::metadata(folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err("its folder is no folder".into()),
            Err(error) => return Err(format!("its folder cannot be used: {}", words(&error))),
        }
        let Some(program) = self.command.first() else { return Err("it names no program".into()) };
        if program.contains('/') {
            return executable(&folder.join(program)).map_err(|error| words(&error));
        }
        let path = match self.env.get("PATH") {
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
        Err(words(&worst))
    }
}

/// What the system says, without its number.
#[must_use]
pub(crate) fn words(error: &io::Error) -> String {
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

    #[test]
    fn a_program_gets_nothing_of_the_environment_but_what_is_named() {
        let env = [("STAGE".to_owned(), "test".to_owned())].into();
        let environment = Program { command: &[], cwd: None, env: &env }.environment();
        let unknown = environment.keys().filter(|name| !INHERITED.iter().any(|known| name == known));
        assert_eq!(unknown.collect::<Vec<_>>(), ["PYTHONUNBUFFERED", "STAGE"]);
    }
}
