//! The words of watches: who watches, in which table, in which mode, and what the wire's numbers
//! for them mean. No state.

/// Names a connection in the watch table. The server hands the numbers out, from 0, and uses them
/// again once [`super::WatchTable::remove_watcher`] has been called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatcherId(u32);

impl WatcherId {
    /// Most connections that can watch at a time.
    pub const MAX: u32 = (1 << 26) - 1;

    /// The watcher with this number; None above [`Self::MAX`].
    pub const fn new(number: u32) -> Option<Self> {
        if number <= Self::MAX { Some(WatcherId(number)) } else { None }
    }

    /// The number.
    pub const fn index(self) -> u32 {
        self.0
    }

    /// For numbers that came out of the table.
    pub(crate) const fn known(number: u32) -> Self {
        WatcherId(number)
    }
}

/// Which changes a registration is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// A node's existence and data: getData, exists, addWatch.
    Data,
    /// A node's children and its end: getChildren, persistent addWatch.
    Child,
}

/// What addWatch asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddWatchMode {
    /// 0: stays, in both tables.
    Persistent,
    /// 1: stays, and holds for all descendants; in the data table only.
    PersistentRecursive,
}

impl AddWatchMode {
    /// The mode with this number on the wire; None is answered with MARSHALLINGERROR.
    pub const fn from_code(code: i32) -> Option<Self> {
        match code {
            0 => Some(AddWatchMode::Persistent),
            1 => Some(AddWatchMode::PersistentRecursive),
            _ => None,
        }
    }
}

/// Which registrations checkWatches and removeWatches mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatcherType {
    /// 1: one-shot in the child table.
    Children,
    /// 2: one-shot in the data table.
    Data,
    /// 3: any mode in either table.
    Any,
    /// 4: persistent.
    Persistent,
    /// 5: persistent recursive.
    PersistentRecursive,
}

impl WatcherType {
    /// The type with this number on the wire; None is answered with MARSHALLINGERROR.
    pub const fn from_code(code: i32) -> Option<Self> {
        match code {
            1 => Some(WatcherType::Children),
            2 => Some(WatcherType::Data),
            3 => Some(WatcherType::Any),
            4 => Some(WatcherType::Persistent),
            5 => Some(WatcherType::PersistentRecursive),
            _ => None,
        }
    }

    /// The registrations that removeWatches takes away.
    pub(crate) const fn modes(self) -> Modes {
        match self {
            WatcherType::Children => Modes::CHILD_ONCE,
            WatcherType::Data => Modes::DATA_ONCE,
            WatcherType::Any => Modes::ALL,
            WatcherType::Persistent => Modes::PERSISTENT,
            WatcherType::PersistentRecursive => Modes::RECURSIVE,
        }
    }
}

/// All registrations of one watcher on one path: a set of (table, mode).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Modes(pub(crate) u8);

impl Modes {
    pub(crate) const BITS: u32 = 5;
    pub(crate) const NONE: Modes = Modes(0);
    pub(crate) const DATA_ONCE: Modes = Modes(1);
    pub(crate) const DATA_PERSISTENT: Modes = Modes(2);
    pub(crate) const RECURSIVE: Modes = Modes(4);
    pub(crate) const CHILD_ONCE: Modes = Modes(8);
    /// In both tables, as addWatch registers it.
    pub(crate) const PERSISTENT: Modes = Modes(2 | 16);
    /// Everything in the data table.
    pub(crate) const DATA: Modes = Modes(1 | 2 | 4);
    /// Everything in the child table.
    pub(crate) const CHILD: Modes = Modes(8 | 16);
    pub(crate) const ALL: Modes = Modes(31);

    /// What a read with a watch registers.
    pub(crate) const fn once(table: Table) -> Self {
        match table {
            Table::Data => Modes::DATA_ONCE,
            Table::Child => Modes::CHILD_ONCE,
        }
    }

    /// What addWatch registers.
    pub(crate) const fn of(mode: AddWatchMode) -> Self {
        match mode {
            AddWatchMode::Persistent => Modes::PERSISTENT,
            AddWatchMode::PersistentRecursive => Modes::RECURSIVE,
        }
    }

    pub(crate) const fn with(self, other: Modes) -> Self {
        Modes(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Modes) -> Self {
        Modes(self.0 & !other.0)
    }

    pub(crate) const fn any(self, of: Modes) -> bool {
        self.0 & of.0 != 0
    }

    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_the_enumerations_mean_nothing() {
        assert!([0, 6, -1].iter().all(|code| WatcherType::from_code(*code).is_none()));
        assert!((1..=5).all(|code| WatcherType::from_code(code).is_some()));
        assert!([-1, 2].iter().all(|code| AddWatchMode::from_code(*code).is_none()));
        assert_eq!(WatcherId::new(WatcherId::MAX + 1), None);
        assert_eq!(WatcherId::new(WatcherId::MAX).map(WatcherId::index), Some(WatcherId::MAX));
    }
}
