//! Opening data directories.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::recover::Verdict;

fn options(dir: &Path) -> DirectoryOptions {
    DirectoryOptions { data_dir: dir.to_path_buf(), data_log_dir: None, autocreate: true }
}

fn open(options: &DirectoryOptions) -> Result<DataDir, DirectoryError> {
    DataDir::open(Disk::real(), options)
}

#[test]
fn a_missing_directory_is_made_only_if_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(&dir.path().join("a/b"));
    options.autocreate = false;
    assert!(matches!(open(&options), Err(DirectoryError::Missing { .. })));
    options.autocreate = true;
    let opened = open(&options).unwrap();
    assert!(opened.snap_dir().is_dir());
    assert_eq!(opened.snap_dir(), dir.path().join("a/b/version-2"));
}

#[test]
fn a_second_server_is_told_who_the_first_is() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(&options(dir.path())).unwrap();
    let second = open(&options(dir.path())).unwrap_err();
    let pid = std::process::id().to_string();
    assert!(matches!(&second, DirectoryError::Locked { owner: Some(owner), .. } if *owner == pid));
    assert!(second.to_string().contains(&pid), "{second}");
    drop(first);
    open(&options(dir.path())).unwrap();
}

#[test]
fn a_log_directory_shared_with_another_server_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = options(&dir.path().join("one"));
    one.data_log_dir = Some(dir.path().join("logs"));
    let _first = open(&one).unwrap();
    let logs = options(&dir.path().join("logs"));
    assert!(matches!(open(&logs), Err(DirectoryError::Locked { .. })));
}

#[test]
fn two_names_of_one_directory_are_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(dir.path());
    options.data_log_dir = Some(dir.path().join("."));
    fs::create_dir(dir.path().join("version-2")).unwrap();
    fs::write(dir.path().join("version-2/snapshot.0"), "").unwrap();
    open(&options).unwrap();
}

#[test]
fn misplaced_files_are_refused_with_apaches_exit_code() {
    for (place, name) in [("logs", "snapshot.5.gz"), ("data", "log.1")] {
        let dir = tempfile::tempdir().unwrap();
        let mut options = options(&dir.path().join("data"));
        options.data_log_dir = Some(dir.path().join("logs"));
        let version = dir.path().join(place).join("version-2");
        fs::create_dir_all(&version).unwrap();
        fs::write(version.join(name), "").unwrap();
        let error = open(&options).unwrap_err();
        assert!(matches!(error, DirectoryError::Foreign { .. }), "{error}");
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn another_zxid_layout_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("version-2")).unwrap();
    fs::write(dir.path().join("version-2").join(OTHER_LAYOUT), "").unwrap();
    assert!(matches!(open(&options(dir.path())), Err(DirectoryError::Foreign { .. })));
}

#[test]
fn what_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("version-2"), "a file").unwrap();
    let error = open(&options(dir.path())).unwrap_err();
    assert!(matches!(error, DirectoryError::Unwritable { .. }), "{error}");
    let closed = dir.path().join("closed");
    fs::create_dir_all(closed.join("version-2")).unwrap();
    fs::set_permissions(closed.join("version-2"), fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write all the same.
    match open(&options(&closed)) {
        Ok(_) => {}
        Err(error) => assert!(matches!(error, DirectoryError::Unwritable { .. }), "{error}"),
    }
}

#[test]
fn unfinished_snapshots_go_and_unfinished_epochs_stay() {
    let dir = tempfile::tempdir().unwrap();
    let version = dir.path().join("version-2");
    fs::create_dir(&version).unwrap();
    for name in ["snapshot.7.tmp", "snapshot.8.gz.tmp", "currentEpoch.tmp", "snapshot.9"] {
        fs::write(version.join(name), "").unwrap();
    }
    for name in ["unfinished.log.7", "unfinished.next.0", "unfinished.next.12", "unfinished.x"] {
        fs::write(version.join(name), "").unwrap();
    }
    let opened = open(&options(dir.path())).unwrap();
    let names: Vec<_> =
        Disk::real().list(opened.snap_dir()).unwrap().into_iter().map(|e| e.name).collect();
    assert_eq!(names, ["currentEpoch.tmp", LOCK, "snapshot.9", "unfinished.x"]);
}

#[test]
fn an_empty_server_is_fresh_only_if_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(&options(dir.path())).unwrap();
    let mut recovered = Recovered {
        last: Zxid::ZERO,
        snapshot: None,
        summary: Default::default(),
        replayed: 0,
        replayed_bytes: 0,
        verdict: Verdict::Clean,
        warnings: Vec::new(),
    };
    assert_eq!(opened.initial_zxid(&recovered, true), Ok(Zxid::ZERO));
    assert_eq!(opened.initial_zxid(&recovered, false), Ok(Zxid::UNKNOWN));
    fs::write(dir.path().join(INITIALIZE), "").unwrap();
    assert_eq!(opened.initial_zxid(&recovered, false), Ok(Zxid::ZERO));
    assert!(!dir.path().join(INITIALIZE).exists());
    recovered.last = Zxid(5);
    assert_eq!(opened.initial_zxid(&recovered, false), Ok(Zxid(5)));
}
