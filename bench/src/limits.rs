//! What the machine gives at best, measured beside the servers: an echo over loopback that parses
//! nothing, and fdatasync of as many bytes as a small transaction takes.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::engine::histogram;
use crate::error::BenchError;

/// A get's reply of 100 bytes, about.
const ECHO_BYTES: usize = 196;
/// A set of 100 bytes in ZooKeeper's log, about.
const TXN_BYTES: usize = 215;
/// The file that is overwritten: zero-filled before, so that a sync writes data only.
const FILE_BYTES: usize = 4 << 20;

/// One request and one reply at a time between two threads over loopback.
///
/// # Errors
/// No loopback, no port.
pub fn echo(time: Duration) -> Result<Histogram<u64>, BenchError> {
    let failed = |source| BenchError::system("the echo over loopback", source);
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut buffer = [0; ECHO_BYTES];
        while stream.read_exact(&mut buffer).is_ok() {
            stream.write_all(&buffer)?;
        }
        std::io::Result::Ok(())
    });
    let mut stream = TcpStream::connect(address).map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let (mut seen, begun) = (histogram()?, Instant::now());
    let mut buffer = [0; ECHO_BYTES];
    while begun.elapsed() < time {
        let since = Instant::now();
        stream.write_all(&buffer).map_err(failed)?;
        stream.read_exact(&mut buffer).map_err(failed)?;
        seen.saturating_record(since.elapsed().as_nanos() as u64);
    }
    drop(stream);
    match server.join() {
        Ok(result) => result.map_err(failed).map(|()| seen),
        Err(_) => Err(BenchError::Usage("the echo's thread died".into())),
    }
}

/// Writes and syncs one transaction's bytes at a time in a new file below `directory`.
///
/// # Errors
/// The file can't be made or written.
pub fn fdatasync(directory: &Path, time: Duration) -> Result<Histogram<u64>, BenchError> {
    let path = directory.join(format!("fdatasync-{}", std::process::id()));
    let failed = |source| BenchError::system(format!("syncing {}", path.display()), source);
    let mut file = OpenOptions::new().create_new(true).write(true).open(&path).map_err(failed)?;
    let result = sync_loop(&mut file, time);
    std::fs::remove_file(&path).map_err(failed)?;
    let mut seen = histogram()?;
    for nanos in result.map_err(failed)? {
        seen.saturating_record(nanos);
    }
    Ok(seen)
}

fn sync_loop(file: &mut std::fs::File, time: Duration) -> std::io::Result<Vec<u64>> {
    file.write_all(&vec![0; FILE_BYTES])?;
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let (mut seen, begun, mut written) = (Vec::new(), Instant::now(), 0);
    while begun.elapsed() < time {
        if written + TXN_BYTES > FILE_BYTES {
            file.seek(SeekFrom::Start(0))?;
            written = 0;
        }
        let since = Instant::now();
        file.write_all(&[7; TXN_BYTES])?;
        file.sync_data()?;
        seen.push(since.elapsed().as_nanos() as u64);
        written += TXN_BYTES;
    }
    Ok(seen)
}
