//! How programs are started, so that none outlives the server.

/// How programs are started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launcher {
    /// Words that come before a program's own; without them the program is run directly.
    ///
    /// They must stand for the program: end with its exit code or by its signal, leave the group's signals to it, and
    /// hold none of its pipes.
    pub wrapper: Option<Vec<String>>,
}

impl Launcher {
    /// Starts programs so that none, nor anything in its process group, outlives this process, even if that is killed.
    /// Only for the `callboard` program, which has the hidden command `run-child`; other programs use the default.
    #[must_use]
    pub fn tied_to_this_process() -> Self {
        let parent = std::process::id().to_string();
        Self { wrapper: Some(vec![own_program(), "run-child".into(), "--parent".into(), parent, "--".into()]) }
    }

    /// The program and its arguments, as the system gets them.
    pub fn argv<'a>(&'a self, command: &'a [String]) -> impl Iterator<Item = &'a String> {
        self.wrapper.iter().flatten().chain(command)
    }
}

/// The path of the program that runs, to start it once more. On Linux that is so even where its file has been replaced by
/// a newer version.
fn own_program() -> String {
    if cfg!(target_os = "linux") {
        "/proc/self/exe".to_owned()
    } else {
        std::env::current_exe().unwrap_or_default().to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapper_comes_first() {
        let command = ["sh".to_owned(), "-c".to_owned()];
        let launcher = Launcher { wrapper: Some(vec!["run".into(), "--".into()]) };
        assert_eq!(launcher.argv(&command).collect::<Vec<_>>(), ["run", "--", "sh", "-c"]);
        assert_eq!(Launcher::default().argv(&command).collect::<Vec<_>>(), ["sh", "-c"]);
    }
}
