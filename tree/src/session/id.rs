//! Making session ids. Which ids are in use is told by the caller; nothing is remembered here but
//! where to go on.

use codec::{ServerId, SessionId};

/// The persisted mark of container nodes; a session must never be mistaken for it.
const CONTAINER_OWNER: i64 = i64::MIN;
const LOW_56: i64 = (1 << 56) - 1;

/// Gives out session ids: server id in the top byte, then the start time, then a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionIds {
    /// The server id in the top byte, the rest zero.
    server: i64,
    /// Low 56 bits of the next id.
    next: i64,
}

impl SessionIds {
    /// The ids of `server` started at `start_ms`. Only 40 bits of the time enter, and 65536 ids
    /// lie between one millisecond and the next. Any clock will do that is later at every start;
    /// where it may not be, [`Self::next_id`] is told which ids are taken.
    pub fn new(server: ServerId, start_ms: u64) -> Self {
        SessionIds { server: server.0 << 56, next: ((start_ms << 24) >> 8) as i64 }
    }

    /// The next id that is neither 0, nor the mark of container nodes, nor `taken`.
    pub fn next_id(&mut self, taken: impl Fn(SessionId) -> bool) -> SessionId {
        loop {
            let id = SessionId(self.server | self.next);
            self.next = (self.next + 1) & LOW_56;
            if id.0 != 0 && id.0 != CONTAINER_OWNER && !taken(id) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_id_is_server_byte_and_start_time() {
        let mut ids = SessionIds::new(ServerId(1), 0x1_E78F_D000);
        let first = ids.next_id(|_| false);
        assert_eq!(first.0, 0x0101_E78F_D000_0000);
        assert_eq!(ids.next_id(|_| false).0, first.0 + 1);
    }

    #[test]
    fn bits_above_forty_of_the_time_are_dropped() {
        let low = SessionIds::new(ServerId(3), 7);
        assert_eq!(SessionIds::new(ServerId(3), 7 | (0xABCD << 40)), low);
    }

    #[test]
    fn the_container_mark_and_zero_are_skipped() {
        assert_eq!(SessionIds::new(ServerId(128), 0).next_id(|_| false).0, i64::MIN + 1);
        assert_eq!(SessionIds::new(ServerId(0), 0).next_id(|_| false).0, 1);
    }

    #[test]
    fn ids_of_sessions_that_still_live_are_skipped() {
        let mut ids = SessionIds::new(ServerId(2), 5);
        let first = ids.clone().next_id(|_| false);
        assert_eq!(ids.next_id(|id| id.0 < first.0 + 3).0, first.0 + 3);
    }

    #[test]
    fn counting_never_runs_into_the_server_byte() {
        let mut ids = SessionIds { server: 9 << 56, next: LOW_56 };
        assert_eq!(ids.next_id(|_| false).0, (9 << 56) | LOW_56);
        assert_eq!(ids.next_id(|_| false).0, 9 << 56);
    }
}
