//! `search_files`, `read_file`: the folder that a start names, as the settings allow it.

use serde_json::{Map, Value};

use super::folder::{Folder, Limits};
use super::{Given, text};
use crate::agent::{Agents, Assignment};

/// Room for saying that there is more of a file, and where.
const MORE_BYTES: usize = 80;

impl Agents {
    pub(super) async fn read_file(&self, work: &Assignment, arguments: &Map<String, Value>) -> Given {
        let path = text(arguments, "path").to_owned();
        let offset = arguments.get("offset").and_then(Value::as_u64).unwrap_or_default();
        self.in_folder(work, move |folder, limits| folder.read(&path, offset, limits)).await
    }

    pub(super) async fn search_files(&self, work: &Assignment, arguments: &Map<String, Value>) -> Given {
        let (query, path) = (text(arguments, "query").to_owned(), text(arguments, "path").to_owned());
        self.in_folder(work, move |folder, limits| folder.search(&query, &path, limits)).await
    }

    /// Does something with the folder, on one of the threads that compute for clients.
    async fn in_folder(
        &self,
        work: &Assignment,
        read: impl FnOnce(&Folder, Limits) -> Result<String, String> + Send + 'static,
    ) -> Given {
        let settings = &self.shared.limits;
        let Some(name) = &work.folder else {
            return Given::refused("no folder may be read: the start names none (folder)");
        };
        let Some(path) = settings.folders.get(name).cloned() else {
            return Given::refused(format!("the folder {name:?} is not among agents.folders"));
        };
        let limits = Limits {
            file_bytes: settings.max_file_bytes,
            read_bytes: settings.max_tool_result_bytes.saturating_sub(MORE_BYTES),
            files: settings.max_searched_files,
        };
        let read = move || {
            let folder = Folder::open(&path).map_err(|_| "the folder cannot be opened".to_owned())?;
            read(&folder, limits)
        };
        match self.shared.worker.beside(read).await {
            Some(Ok(text)) => Given::ok(text),
            Some(Err(error)) => Given::refused(error),
            None => Given::refused("the files could not be read"),
        }
    }
}
