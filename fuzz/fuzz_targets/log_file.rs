//! The bytes of two log files: the record parser, and recovery, which gives a verdict and never
//! takes a record twice or out of order; what it repaired is recovered without a word.
#![no_main]

use codec::disk::{FileHeader, LogRead, parse_log_record};
use codec::txn::TxnHeader;
use codec::{AclList, Decode, SessionId, StatPersisted, Zxid};
use fuzz_support::memory::{DIR, Memory};
use libfuzzer_sys::fuzz_target;
use storage::recover::{RecoverOptions, Recovered, RecoveryError, Replay, Verdict, recover};

fuzz_target!(|data: &[u8]| {
    walk(data);
    let Some((split, files)) = data.split_first() else {
        return;
    };
    let (older, newer) = files.split_at(files.len() * usize::from(*split) / 255);
    let memory = Memory::default();
    memory.put("log.1", older);
    if !newer.is_empty() {
        memory.put("log.5", newer);
    }
    let (found, zxids) = run(&memory);
    let Ok(found) = found else { return };
    assert!(found.verdict.is_sound());
    assert!(zxids.is_sorted() && zxids.last().is_none_or(|last| *last == found.last));
    let (again, same) = run(&memory);
    let again = again.expect("what was repaired can be recovered");
    assert_eq!((again.last, again.verdict), (found.last, Verdict::Clean));
    assert_eq!(same, zxids);
});

fn walk(file: &[u8]) {
    let _ = FileHeader::check_log(file);
    let mut rest = file.get(16..).unwrap_or_default();
    while let LogRead::Record { payload, total_len } = parse_log_record(rest, 1 << 20) {
        assert!(payload.len() < total_len);
        rest = &rest[total_len..];
    }
}

fn run(memory: &Memory) -> (Result<Recovered, RecoveryError>, Vec<Zxid>) {
    let options = RecoverOptions {
        snap_dir: DIR.into(),
        log_dir: DIR.into(),
        trust_empty: true,
        repair: true,
    };
    let mut zxids = Zxids::default();
    (recover(&memory.disk(), &options, &mut zxids), zxids.0)
}

/// Writes down which transactions came.
#[derive(Default)]
struct Zxids(Vec<Zxid>);

impl Replay for Zxids {
    fn clear(&mut self) {
        self.0.clear();
    }

    fn session(&mut self, _: SessionId, _: i32) {}

    fn acl(&mut self, _: i64, _: AclList) {}

    fn node(&mut self, _: &str, _: Option<&[u8]>, _: i64, _: &StatPersisted) -> Result<(), String> {
        Ok(())
    }

    fn snapshot_done(&mut self, _: Zxid, _: Option<(Zxid, i64)>) -> Result<(), String> {
        Ok(())
    }

    fn txn(&mut self, payload: &[u8]) -> Result<(), String> {
        let header = TxnHeader::from_bytes(payload).map_err(|error| error.to_string())?;
        self.0.push(header.zxid);
        Ok(())
    }
}
