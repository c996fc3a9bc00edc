//! setWatches and setWatches2: a client that has come back says what it watched and what it saw
//! last. Decides for each path between an event at once and a registration.

use codec::client::{SetWatches, SetWatches2};
use codec::{ErrorCode, Text, Vector, Zxid};

use super::fire::EventType;
use super::modes::{AddWatchMode, Table, WatcherId};
use super::table::WatchTable;
use crate::tree::Tree;

/// An event that a returning client is owed. It goes out before the reply, with zxid -1 and
/// without asking for permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay<'a> {
    /// What has happened since.
    pub event: EventType,
    /// The path that was watched.
    pub path: &'a str,
}

/// One of the lists of one-shot watches.
#[derive(Debug, Clone, Copy)]
enum List {
    Data,
    Exist,
    Child,
}

impl List {
    fn table(self) -> Table {
        match self {
            List::Data | List::Exist => Table::Data,
            List::Child => Table::Child,
        }
    }

    /// What the client has missed since it saw `seen`, if anything.
    fn missed(self, tree: &Tree, path: &str, seen: Zxid) -> Option<EventType> {
        let stat = tree.get(path).map(|node| node.stat_persisted());
        match (self, stat) {
            (List::Exist, None) => None,
            (List::Exist, Some(_)) => Some(EventType::Created),
            (List::Data | List::Child, None) => Some(EventType::Deleted),
            (List::Data, Some(stat)) => (stat.mzxid > seen).then_some(EventType::DataChanged),
            (List::Child, Some(stat)) => (stat.pzxid > seen).then_some(EventType::ChildrenChanged),
        }
    }
}

impl WatchTable {
    /// setWatches (101). Events come in the order of the lists, one for each entry that is owed
    /// one.
    ///
    /// # Errors
    /// MARSHALLINGERROR for a null list or path; then nothing has been registered.
    pub fn set_watches(
        &mut self,
        tree: &Tree,
        watcher: WatcherId,
        request: &SetWatches<'_>,
        out: &mut impl FnMut(Replay<'_>),
    ) -> Result<(), ErrorCode> {
        let lists = one_shot_lists(request)?;
        self.replay(tree, watcher, (lists, request.relative_zxid), out);
        Ok(())
    }

    /// setWatches2 (105): setWatches, then persistent and recursive watches, which are owed no
    /// events.
    ///
    /// # Errors
    /// As for [`Self::set_watches`].
    pub fn set_watches2(
        &mut self,
        tree: &Tree,
        watcher: WatcherId,
        request: &SetWatches2<'_>,
        out: &mut impl FnMut(Replay<'_>),
    ) -> Result<(), ErrorCode> {
        let lists = one_shot_lists(&request.one_shot)?;
        let persistent = whole(&request.persistent_watches)?;
        let recursive = whole(&request.persistent_recursive_watches)?;
        self.replay(tree, watcher, (lists, request.one_shot.relative_zxid), out);
        for (paths, mode) in
            [(persistent, AddWatchMode::Persistent), (recursive, AddWatchMode::PersistentRecursive)]
        {
            paths.iter().flatten().for_each(|path| self.add_watch(tree, path, watcher, mode));
        }
        Ok(())
    }

    fn replay(
        &mut self,
        tree: &Tree,
        watcher: WatcherId,
        (lists, seen): ([(List, &[Text<'_>]); 3], Zxid),
        out: &mut impl FnMut(Replay<'_>),
    ) {
        for (list, paths) in lists {
            for path in paths.iter().flatten() {
                match list.missed(tree, path, seen) {
                    Some(event) => out(Replay { event, path }),
                    None => self.watch(tree, path, watcher, list.table()),
                }
            }
        }
    }
}

fn one_shot_lists<'a, 'b>(
    request: &'b SetWatches<'a>,
) -> Result<[(List, &'b [Text<'a>]); 3], ErrorCode> {
    Ok([
        (List::Data, whole(&request.data_watches)?),
        (List::Exist, whole(&request.exist_watches)?),
        (List::Child, whole(&request.child_watches)?),
    ])
}

/// A list that is there, and in which no path is null.
fn whole<'a, 'b>(list: &'b Vector<Text<'a>>) -> Result<&'b [Text<'a>], ErrorCode> {
    let list = list.as_deref().ok_or(ErrorCode::MarshallingError)?;
    if list.iter().any(Option::is_none) { Err(ErrorCode::MarshallingError) } else { Ok(list) }
}
