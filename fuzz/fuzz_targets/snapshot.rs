//! The bytes of a snapshot, plain or compressed: verified or refused, and what is verified builds
//! a tree that holds together and can be written again, or is refused with a reason.
//!
//! Seals are checksums that no fuzzer guesses: the input is tried as it is, and once more with its
//! seals set right.
#![no_main]

use std::path::Path;

use bytes::{BufMut, BytesMut};
use codec::disk::snapshot_tail::SEAL_LEN;
use codec::disk::{adler32, put_seal};
use codec::{AclList, SessionId, StatPersisted, Zxid};
use fuzz_support::memory::{DIR, Memory};
use libfuzzer_sys::fuzz_target;
use storage::snapshot::{Visitor, load, verify};
use tree::{TreeConfig, TreeLoader};

fuzz_target!(|data: &[u8]| {
    let Some((kind, file)) = data.split_first() else {
        return;
    };
    let name = ["snapshot.5", "snapshot.5.gz", "snapshot.5.snappy"][usize::from(*kind) % 3];
    check(name, file);
    if file.len() > SEAL_LEN {
        check("snapshot.5", &sealed(&file[..file.len() - SEAL_LEN]));
    }
});

fn sealed(body: &[u8]) -> BytesMut {
    let mut out = BytesMut::with_capacity(body.len() + SEAL_LEN);
    out.put_slice(body);
    put_seal(&mut out, adler32(body));
    out
}

fn check(name: &str, bytes: &[u8]) {
    let memory = Memory::default();
    memory.put(name, bytes);
    let (disk, path) = (memory.disk(), Path::new(DIR).join(name));
    let verified = verify(&disk, &path);
    let mut building = Building(TreeLoader::new(TreeConfig::default()));
    let loaded = load(&disk, &path, &mut building);
    if let Ok(summary) = &loaded {
        assert_eq!(verified.as_ref(), Ok(summary));
        if let Ok(mut tree) = building.0.finish(Zxid(5)) {
            tree.check().expect("a tree");
            let cursor = tree.open_cursor();
            let mut out = BytesMut::new();
            while tree.snapshot_slice(cursor, &mut out, 1 << 10) {}
            tree.close_cursor(cursor);
        }
    }
}

struct Building(TreeLoader);

impl Visitor for Building {
    fn session(&mut self, id: SessionId, timeout: i32) {
        self.0.session(id, timeout);
    }

    fn acl(&mut self, id: i64, acl: AclList) {
        self.0.acl(id, acl);
    }

    fn node(
        &mut self,
        path: &str,
        data: Option<&[u8]>,
        acl_id: i64,
        stat: &StatPersisted,
    ) -> Result<(), String> {
        self.0.node(path, data, acl_id, stat).map_err(|error| error.to_string())
    }
}
