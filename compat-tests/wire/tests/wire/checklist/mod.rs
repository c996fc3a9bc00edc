//! "Where re-implementations go wrong": one check for each of the 44 lines, named after it.

mod handshake;
mod headers;
mod limits;
mod model;
mod multi;
mod watches;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    let rooms = [
        handshake::trials("checklist"),
        headers::trials("checklist"),
        model::trials("checklist"),
        multi::trials("checklist"),
        watches::trials("checklist"),
        limits::trials("checklist"),
    ];
    rooms.into_iter().flatten().collect()
}
