//! Changes that depend on more than the documents they change, such as on how many there are.

use super::document::{ChangeError, Document, Precondition, Write};
use super::{Error, Store};
use callboard_domain::owner::Owner;

/// Where guards are kept.
const COLLECTION: &str = "guards";

/// How often a change is decided anew because others were faster. Each of them has made its change meanwhile.
const TRIES: usize = 256;

impl Store {
    /// Changes documents by what `decide` finds, as if nobody else who uses the same guard did anything meanwhile; gives
    /// the documents, and what else `decide` has given.
    ///
    /// The guard is a document that every such change writes along with its own. Of two that began with the same version
    /// of it, one fails and decides anew; so `decide` is called several times.
    ///
    /// # Errors
    /// What `decide` gives, and those of [`Store::change_documents`]; [`Error::Unavailable`] where others were faster each
    /// time.
    pub async fn change_guarded<T, E, F>(
        &self,
        owner: &Owner,
        guard: &str,
        mut decide: impl FnMut() -> F,
    ) -> Result<(Vec<Option<Document>>, T), E>
    where
        E: From<ChangeError>,
        F: Future<Output = Result<(Vec<Write>, T), E>>,
    {
        for _ in 0..TRIES {
            let present = self.document(owner, COLLECTION, guard).await.map_err(ChangeError::from)?;
            let expected = present.map_or(Precondition::Absent, |guard| Precondition::Version(guard.version));
            let (mut writes, beside) = decide().await?;
            let at = writes.len();
            writes.push(Write::put(owner, COLLECTION, guard, String::new(), expected));
            match self.change_documents(writes).await {
                Ok(mut changed) => {
                    changed.truncate(at);
                    return Ok((changed, beside));
                }
                // What else has failed may have by what the other has changed.
                Err(ChangeError::Preconditions(failed)) if failed.iter().any(|(index, _)| *index == at) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ChangeError::from(Error::Unavailable("others change the same again and again".into())).into())
    }
}
