//! Starting child processes so that none outlives the test run, whatever ends it.
//!
//! The kernel kills a server when the thread that started it ends (`setpriv --pdeathsig`), so one
//! thread that lives as long as the process starts them all.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock};
use std::thread;

type Order = (Command, Sender<io::Result<Child>>);

static STARTER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();

/// A command that runs `program` and dies with this process.
pub fn command(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", program]);
    command
}

/// Starts `command` on the thread that outlives every test.
///
/// # Errors
/// What starting the process answers.
pub fn spawn(command: Command) -> io::Result<Child> {
    let (reply, answer) = channel();
    let starter = STARTER.get_or_init(start).lock();
    let sent =
        starter.map_err(|_| io::Error::other("the starter is poisoned"))?.send((command, reply));
    sent.map_err(|_| io::Error::other("the starter ended"))?;
    answer.recv().map_err(|_| io::Error::other("the starter ended"))?
}

fn start() -> Mutex<Sender<Order>> {
    let (orders, inbox) = channel::<Order>();
    thread::spawn(move || {
        for (mut command, reply) in inbox {
            // Nobody waits for the answer any more: the child then ends with its handle's owner.
            let _ = reply.send(command.spawn());
        }
    });
    Mutex::new(orders)
}
