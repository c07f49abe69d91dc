//! What the engine runs in one piece, in Lua: each script is sent once and called by its digest after that.

use redis::{Connection, FromRedisValue, RedisResult, ScriptInvocation};

/// The scripts.
pub(super) struct Scripts {
    pub(super) admit: Script,
    pub(super) assign: Script,
    pub(super) beat: Script,
    pub(super) bury: Script,
    pub(super) change: Script,
    pub(super) commit: Script,
    pub(super) documents: Script,
    pub(super) events: Script,
    pub(super) find: Script,
    pub(super) folders: Script,
    pub(super) give: Script,
    pub(super) journal: Script,
    pub(super) list: Script,
    pub(super) look: Script,
    pub(super) mark: Script,
    pub(super) pending: Script,
    pub(super) purge: Script,
    pub(super) purge_events: Script,
    pub(super) remove: Script,
    pub(super) renew: Script,
    pub(super) requests: Script,
    pub(super) say: Script,
    pub(super) searched: Script,
    pub(super) take: Script,
}

/// One of them.
pub(super) struct Script(redis::Script);

/// The first line of one that only reads: it is run where the engine takes no writes, too.
const READS: &str = "#!lua flags=no-writes\n";

/// That of one that writes. The engine refuses it as a whole where it cannot write all of it.
const WRITES: &str = "#!lua\n";

/// That of one that makes room, so that it is run where there is none.
const MAKES_ROOM: &str = "#!lua flags=allow-oom\n";

/// What those that write begin with.
const COMMON: &str = include_str!("scripts/common.lua");

impl Scripts {
    pub(super) fn new() -> Self {
        let reads = |text: &str| Script(redis::Script::new(&[READS, text].concat()));
        let writes = |text: &str| Script(redis::Script::new(&[WRITES, COMMON, text].concat()));
        let makes_room = |text: &str| Script(redis::Script::new(&[MAKES_ROOM, COMMON, text].concat()));
        Self {
            admit: writes(include_str!("scripts/admit.lua")),
            assign: writes(include_str!("scripts/assign.lua")),
            beat: makes_room(include_str!("scripts/beat.lua")),
            bury: makes_room(include_str!("scripts/bury.lua")),
            change: writes(include_str!("scripts/change.lua")),
            commit: writes(include_str!("scripts/commit.lua")),
            documents: reads(include_str!("scripts/documents.lua")),
            events: reads(include_str!("scripts/events.lua")),
            find: reads(include_str!("scripts/find.lua")),
            folders: reads(include_str!("scripts/folders.lua")),
            give: makes_room(include_str!("scripts/give.lua")),
            journal: reads(include_str!("scripts/journal.lua")),
            list: reads(include_str!("scripts/list.lua")),
            look: reads(include_str!("scripts/look.lua")),
            mark: makes_room(include_str!("scripts/mark.lua")),
            pending: reads(include_str!("scripts/pending.lua")),
            purge: makes_room(include_str!("scripts/purge.lua")),
            purge_events: makes_room(include_str!("scripts/purge_events.lua")),
            remove: makes_room(include_str!("scripts/remove.lua")),
            renew: writes(include_str!("scripts/renew.lua")),
            requests: reads(include_str!("scripts/requests.lua")),
            say: makes_room(include_str!("scripts/say.lua")),
            searched: reads(include_str!("scripts/searched.lua")),
            take: makes_room(include_str!("scripts/take.lua")),
        }
    }
}

impl Script {
    /// A call of it for the cluster whose keys begin with `prefix`.
    pub(super) fn of(&self, prefix: &str) -> ScriptInvocation<'_> {
        self.0.key(prefix)
    }
}

/// Calls a script, which is sent where the engine does not know it.
pub(super) fn run<T: FromRedisValue>(call: &ScriptInvocation<'_>, connection: &mut Connection) -> RedisResult<T> {
    call.invoke(connection)
}
