//! A configuration from anywhere: a file, properties on the command line and in JVMFLAGS. Loaded
//! with warnings or refused with places, and a report either way.
#![no_main]

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use fuzz_support::Taker;
use libfuzzer_sys::fuzz_target;
use server::config::check;
use server::config::traps::Surroundings;
use server::config::{FileSource, Invocation, load};

struct OneFile<'a>(&'a [u8], &'a [u8]);

impl FileSource for OneFile<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match name {
            "zoo.cfg" => Ok(self.0.to_vec()),
            "" => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(self.1.to_vec()),
        }
    }

    fn is_file(&self, _: &Path) -> bool {
        true
    }
}

fuzz_target!(|data: &[u8]| {
    let mut taker = Taker(data);
    let kind = taker.byte();
    let other = taker.bytes(256);
    let files = OneFile(taker.0, other);
    let other = String::from_utf8_lossy(other).into_owned();
    let mut call = Invocation::server(["/etc/zoo.cfg"]);
    let mut env = BTreeMap::new();
    match kind % 4 {
        1 => call.defines = other.split(' ').map(str::to_owned).collect(),
        2 => drop(env.insert("JVMFLAGS".to_owned(), other)),
        3 => call = Invocation::server(other.split(' ').map(str::to_owned)),
        _ => {}
    }
    let around = Surroundings { mountinfo: "", working_dir: Path::new("/") };
    let loaded = load(&call, &env, &files);
    let report = check::report(&loaded, &around);
    assert!(report.text.ends_with('\n'));
    assert_eq!(report.exit_code == 0, loaded.is_ok());
});
