//! The same with several servers, where what goes on comes with the slots that come: from a server that has ended, or that
//! hands them over.
//!
//! What goes on in a slot is written down in a sheet of its own, with the server that let it go on. Whoever takes up the
//! slot next reads it: an end counts where that server is no member any more. Who is found guilty clears all others, at
//! every server.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::ledger::{Ledger, Subject, Suspect, Turn};
use super::{COLLECTION, Suspects, TakenUp, came_further_of, candidates, put, remove};
use crate::domain::id::Slot;
use crate::domain::owner::Owner;
use crate::store::{Error, Pending, Precondition, Store};
use crate::workflow::kept::WasLive;
use crate::workflow::key::WorkflowKey;

/// What the sheet of a slot is called, before its number.
const SHEET: &str = "slot-";
/// What is written whenever somebody is found guilty.
const VERDICT: &str = "verdict";
/// The most documents that there are: a sheet for each slot, the verdict, and the ledger of a server that was alone.
const DOCUMENTS: usize = 300;

/// What goes on in one slot.
#[derive(Debug, Serialize, Deserialize)]
struct Sheet {
    /// The server that let it go on.
    member: String,
    #[serde(flatten)]
    ledger: Ledger,
}

impl Subject {
    fn slot(&self) -> Slot {
        match self {
            Subject::Session(id) => id.slot(),
            Subject::Workflow(key) => key.slot(),
        }
    }
}

impl Suspects {
    /// Decides what of these goes on, which are all that run in these slots, and writes that down.
    ///
    /// # Errors
    /// Those of the store; nothing has gone on then.
    pub(crate) async fn take_up(
        &mut self,
        slots: &[Slot],
        pending: &[Pending],
        live: &[WasLive],
    ) -> Result<TakenUp, Error> {
        let workflows: Vec<WorkflowKey> = live.iter().map(|live| live.key.clone()).collect();
        if self.window.is_zero() {
            return Ok(TakenUp { workflows, ..TakenUp::default() });
        }
        let (sheets, verdict) = sheets(&self.store).await?;
        let (mut before, mut written) = (Ledger::default(), HashSet::new());
        for (slot, sheet) in sheets.into_iter().filter(|(slot, _)| slots.contains(slot)) {
            before.suspects.extend(self.as_left(sheet));
            written.insert(slot);
        }
        let further = came_further_of(&self.store, &before).await?;
        // One that goes on here on its last time has to be alone.
        let turn = if self.is_turn_taken() { Turn::Taken } else { Turn::Free };
        let all = candidates(pending, live);
        let last_seqs: HashMap<_, _> = all.iter().map(|one| (one.subject.clone(), one.last_seq)).collect();
        let judged = before.judge(all, &further, self.most, turn);
        written.extend(judged.ledger.suspects.iter().map(|suspect| suspect.subject.slot()));
        write(&self.store, written, &judged.ledger).await?;
        self.let_go(slots);
        // Those who are held wait for a verdict since then.
        if self.ledger.held(&self.guilty).next().is_none() {
            self.seen_verdict = verdict;
        }
        if !judged.guilty.is_empty() {
            // The others hear of it by this, and so does this server of what was held here before.
            let me = self.store.fence().to_string();
            self.store.put_document(&Owner::SERVER, COLLECTION, VERDICT, me, Precondition::Anything).await?;
        }
        self.carry_out(judged, last_seqs, workflows).await
    }

    /// What a sheet says of its slot's last owner: one that is a member still has not ended.
    fn as_left(&self, Sheet { member, ledger }: Sheet) -> Vec<Suspect> {
        let is_there = self.store.cluster().is_some_and(|cluster| {
            let view = cluster.view();
            let view = view.borrow();
            view.members.iter().any(|one| one.fence.to_string() == member)
        });
        let kept = |suspect: Suspect| Suspect { went_on_at: suspect.went_on_at.filter(|_| !is_there), ..suspect };
        ledger.suspects.into_iter().map(kept).collect()
    }

    fn without(&self, slots: &[Slot]) -> Ledger {
        let suspects = self.ledger.suspects.iter().filter(|suspect| !slots.contains(&suspect.subject.slot()));
        Ledger { suspects: suspects.cloned().collect() }
    }

    /// These slots are another server's, which has their sheets now.
    pub(crate) fn let_go(&mut self, slots: &[Slot]) {
        self.ledger = self.without(slots);
        self.guilty.retain(|subject| !slots.contains(&subject.slot()));
        self.since.retain(|subject, _| !slots.contains(&subject.slot()));
        self.last_seqs.retain(|subject, _| !slots.contains(&subject.slot()));
    }

    /// Whether another server has found somebody guilty, so that nobody is suspected any more.
    pub(super) async fn is_absolved(&mut self) -> Result<bool, Error> {
        if self.store.cluster().is_none() || self.ledger.held(&self.guilty).next().is_none() {
            return Ok(false);
        }
        let document = self.store.document(&Owner::SERVER, COLLECTION, VERDICT).await?;
        let verdict = document.map_or(0, |document| document.version);
        Ok(std::mem::replace(&mut self.seen_verdict, verdict) != verdict)
    }
}

/// All sheets, and how often somebody was found guilty.
async fn sheets(store: &Store) -> Result<(Vec<(Slot, Sheet)>, u64), Error> {
    let (mut sheets, mut verdict) = (Vec::new(), 0);
    for document in store.documents(&Owner::SERVER, COLLECTION, None, DOCUMENTS).await? {
        if document.id == VERDICT {
            verdict = document.version;
        }
        let slot = document.id.strip_prefix(SHEET).and_then(|number| number.parse().ok()).map(Slot::new);
        if let Some(slot) = slot {
            match serde_json::from_str(&document.body) {
                Ok(sheet) => sheets.push((slot, sheet)),
                Err(error) => log::warn!(slot = slot.number(), error:%; "what went on in a slot cannot be read"),
            }
        }
    }
    Ok((sheets, verdict))
}

/// All that is suspected in any slot.
pub(super) async fn read(store: &Store) -> Result<Ledger, Error> {
    let (sheets, _) = sheets(store).await?;
    Ok(Ledger { suspects: sheets.into_iter().flat_map(|(_, sheet)| sheet.ledger.suspects).collect() })
}

/// Writes down what of this goes on in these slots.
pub(super) async fn write(store: &Store, slots: HashSet<Slot>, ledger: &Ledger) -> Result<(), Error> {
    let member = store.fence().to_string();
    let sheet = |slot| Sheet { member: member.clone(), ledger: of(ledger, slot) };
    let writing = slots.into_iter().map(|slot| write_sheet(store, slot, sheet(slot)));
    futures::future::try_join_all(writing).await.map(drop)
}

async fn write_sheet(store: &Store, slot: Slot, sheet: Sheet) -> Result<(), Error> {
    let id = format!("{SHEET}{}", slot.number());
    if sheet.ledger.suspects.is_empty() { remove(store, &id).await } else { put(store, &id, &sheet).await }
}

/// Strikes all off that this server let go on, where nobody has taken it over: it goes down in good order.
pub(super) async fn clear(store: &Store) -> Result<(), Error> {
    let member = store.fence().to_string();
    let (sheets, _) = sheets(store).await?;
    let own = sheets.into_iter().filter(|(_, sheet)| sheet.member == member).map(|(slot, _)| slot).collect();
    write(store, own, &Ledger::default()).await
}

/// Strikes one off.
pub(super) async fn acquit(store: &Store, subject: &Subject) -> Result<(), Error> {
    let (sheets, _) = sheets(store).await?;
    for (slot, mut sheet) in sheets.into_iter().filter(|(slot, _)| *slot == subject.slot()) {
        sheet.ledger.acquit(subject);
        write_sheet(store, slot, sheet).await?;
    }
    Ok(())
}

fn of(ledger: &Ledger, slot: Slot) -> Ledger {
    Ledger { suspects: ledger.suspects.iter().filter(|suspect| suspect.subject.slot() == slot).cloned().collect() }
}

/// The slots in which these two differ.
pub(super) fn changed(before: &Ledger, now: &Ledger) -> HashSet<Slot> {
    let all = before.suspects.iter().chain(&now.suspects).map(|suspect| suspect.subject.slot());
    all.filter(|slot| of(before, *slot) != of(now, *slot)).collect()
}
