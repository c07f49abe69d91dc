//! A folder that agents may read: no path, and no link, leads out of it.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path, PathBuf};

/// How deep a search goes.
const DEEPEST: usize = 32;
/// Most lines that a search finds.
const MOST_LINES: usize = 200;
/// Most characters of a line that was found.
const LONGEST_LINE: usize = 300;

/// A folder that agents may read.
#[derive(Debug)]
pub(super) struct Folder {
    /// Without links.
    root: PathBuf,
}

/// How much is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) file_bytes: u64,
    pub(super) read_bytes: usize,
    pub(super) files: usize,
}

impl Folder {
    pub(super) fn open(path: &str) -> io::Result<Self> {
        Ok(Self { root: fs::canonicalize(path)? })
    }

    /// Reads a file from a byte on; what is no UTF-8 is replaced.
    pub(super) fn read(&self, path: &str, offset: u64, limits: Limits) -> Result<String, String> {
        let mut file = self.file(&self.inside(path)?, limits)?;
        file.seek(SeekFrom::Start(offset)).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        // One more byte shows that there is more.
        let most = limits.read_bytes as u64 + 1;
        file.take(most).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        let is_whole = bytes.len() <= limits.read_bytes;
        if !is_whole {
            bytes.truncate(boundary(&bytes, limits.read_bytes));
        }
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        if !is_whole {
            text.push_str(&format!("\n[there is more: go on with offset {}]", offset + bytes.len() as u64));
        }
        Ok(text)
    }

    /// The lines with this text, as `path:line: text`.
    pub(super) fn search(&self, query: &str, path: &str, limits: Limits) -> Result<String, String> {
        let query = query.to_lowercase();
        let mut found = Vec::new();
        let mut left = limits.files;
        self.walk(&self.inside(path)?, 0, &mut left, &mut |file| {
            let Ok(text) = self.file(file, limits).and_then(|file| {
                let mut text = String::new();
                file.take(limits.file_bytes).read_to_string(&mut text).map_err(|error| error.to_string())?;
                Ok(text)
            }) else {
                return true;
            };
            let shown = file.strip_prefix(&self.root).unwrap_or(file).display().to_string();
            for (number, line) in text.lines().enumerate().filter(|(_, line)| line.to_lowercase().contains(&query)) {
                let line: String = line.trim().chars().take(LONGEST_LINE).collect();
                found.push(format!("{shown}:{}: {line}", number + 1));
                if found.len() >= MOST_LINES {
                    found.push(format!("[there are more than {MOST_LINES} lines]"));
                    return false;
                }
            }
            true
        })?;
        if left == 0 {
            found.push(format!("[only {} files were looked through]", limits.files));
        }
        Ok(if found.is_empty() { "Nothing was found.".to_owned() } else { found.join("\n") })
    }

    /// Looks at each file below a path, in the order of their names; links are not followed. Ends where `look` says so.
    fn walk(
        &self,
        path: &Path,
        depth: usize,
        left: &mut usize,
        look: &mut dyn FnMut(&Path) -> bool,
    ) -> Result<bool, String> {
        let kind = fs::symlink_metadata(path).map_err(|error| error.to_string())?.file_type();
        if kind.is_file() {
            if *left == 0 {
                return Ok(false);
            }
            *left -= 1;
            return Ok(look(path));
        }
        if !kind.is_dir() || depth > DEEPEST {
            return Ok(true);
        }
        let entries = fs::read_dir(path).map_err(|error| error.to_string())?;
        let mut paths: Vec<PathBuf> = entries.flatten().take(*left + 1).map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            // One that has gone meanwhile, or may not be read, is passed over.
            if matches!(self.walk(&path, depth + 1, left, look), Ok(false)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where a path leads, without links; refused where that is outside.
    fn inside(&self, path: &str) -> Result<PathBuf, String> {
        let is_relative =
            Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !is_relative || path.contains('\0') {
            return Err("the path must be relative, and lead nowhere but into the folder".to_owned());
        }
        let found = fs::canonicalize(self.root.join(path)).map_err(|error| error.to_string())?;
        if found.starts_with(&self.root) { Ok(found) } else { Err("the path leads out of the folder".to_owned()) }
    }

    /// Opens a file of which the path has no links. That it is still inside is checked after it was opened, too.
    fn file(&self, path: &Path, limits: Limits) -> Result<File, String> {
        let about = fs::symlink_metadata(path).map_err(|error| error.to_string())?;
        if !about.is_file() {
            return Err("this is no file".to_owned());
        }
        if about.len() > limits.file_bytes {
            return Err(format!("the file has {} bytes, and {} may be read", about.len(), limits.file_bytes));
        }
        let file = File::open(path).map_err(|error| error.to_string())?;
        let again = fs::canonicalize(path).map_err(|error| error.to_string())?;
        if again.starts_with(&self.root) { Ok(file) } else { Err("the path leads out of the folder".to_owned()) }
    }
}

/// The last place up to `most` that is not within a character.
fn boundary(bytes: &[u8], most: usize) -> usize {
    let is_within = |at: &usize| bytes.get(*at).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000);
    let longest = most.saturating_sub(3);
    (longest..=most).rev().find(|at| !is_within(at)).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { file_bytes: 1000, read_bytes: 10, files: 3 };

    fn folder() -> (tempfile::TempDir, Folder) {
        let outside = tempfile::tempdir().unwrap();
        let inside = outside.path().join("inside");
        fs::create_dir_all(inside.join("deep")).unwrap();
        fs::write(outside.path().join("secret"), "hidden").unwrap();
        fs::write(inside.join("a.md"), "one\nTwo words\nthree").unwrap();
        fs::write(inside.join("deep/b.md"), "two").unwrap();
        let folder = Folder::open(inside.to_str().unwrap()).unwrap();
        (outside, folder)
    }

    #[test]
    fn files_are_read_within_limits() {
        let (outside, folder) = folder();
        assert_eq!(folder.read("deep/b.md", 0, LIMITS).unwrap(), "two");
        assert_eq!(folder.read("a.md", 0, LIMITS).unwrap(), "one\nTwo wo\n[there is more: go on with offset 10]");
        assert_eq!(folder.read("./a.md", 14, LIMITS).unwrap(), "three");
        fs::write(outside.path().join("inside/wide"), "123456789€ and more").unwrap();
        assert_eq!(folder.read("wide", 0, LIMITS).unwrap(), "123456789\n[there is more: go on with offset 9]");
        assert_eq!(folder.read("wide", 9, LIMITS).unwrap(), "€ and mo\n[there is more: go on with offset 19]");
        assert!(folder.read("deep", 0, LIMITS).unwrap_err().contains("no file"));
        assert!(folder.read("none", 0, LIMITS).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn nothing_leads_out_of_the_folder() {
        use std::os::unix::fs::symlink;
        let (outside, folder) = folder();
        let inside = outside.path().join("inside");
        symlink(outside.path().join("secret"), inside.join("link")).unwrap();
        symlink(outside.path(), inside.join("up")).unwrap();
        symlink(inside.join("a.md"), inside.join("own")).unwrap();
        let absolute = outside.path().join("secret").display().to_string();
        for path in ["../secret", "deep/../../secret", "link", "up/secret", &absolute, "a\0b"] {
            let refused = folder.read(path, 0, LIMITS);
            assert!(refused.as_ref().is_err_and(|error| !error.contains("hidden")), "{path}: {refused:?}");
        }
        assert_eq!(folder.read("own", 14, LIMITS).unwrap(), "three", "a link that stays inside");
        let all = Limits { files: 100, ..LIMITS };
        assert!(!folder.search("hidden", "", all).unwrap().contains("secret"));
    }

    #[test]
    fn lines_are_found_in_a_bounded_number_of_files() {
        let (outside, folder) = folder();
        assert_eq!(folder.search("two", "", LIMITS).unwrap(), "a.md:2: Two words\ndeep/b.md:1: two");
        assert_eq!(folder.search("two", "deep", LIMITS).unwrap(), "deep/b.md:1: two");
        assert_eq!(folder.search("nothing like it", "", LIMITS).unwrap(), "Nothing was found.");
        for at in 0..5 {
            fs::write(outside.path().join(format!("inside/c{at}")), "two").unwrap();
        }
        assert!(folder.search("two", "", LIMITS).unwrap().contains("only 3 files"));
    }
}
