//! `wchs`, `wchc`, `wchp`: the table of data watches (children watches are not shown, as in
//! Apache; `watch_count` of `mntr` counts both tables).

use std::fmt::Display;

use super::text::Output;
use super::view::{Flow, ServerView, WatchTotals};

/// `wchs`.
pub fn wchs(view: &dyn ServerView) -> String {
    let WatchTotals { connections, paths, total } = view.watch_totals();
    format!("{connections} connections watching {paths} paths\nTotal watches:{total}\n")
}

/// `wchc`.
pub fn wchc(view: &dyn ServerView) -> String {
    let mut output = Output::default();
    let mut of = None;
    view.watches_by_session(&mut |session, path| {
        entry(&mut output, of.replace(session) != Some(session), session, path)
    });
    output.add(format_args!("\n"));
    output.finish()
}

/// `wchp`.
pub fn wchp(view: &dyn ServerView) -> String {
    let mut output = Output::default();
    let mut of = String::new();
    view.watches_by_path(&mut |path, session| {
        let first = of != path;
        if first {
            path.clone_into(&mut of);
        }
        entry(&mut output, first, path, session)
    });
    output.add(format_args!("\n"));
    output.finish()
}

/// A member, and before the first of a group the group's own line.
fn entry(output: &mut Output, first: bool, group: impl Display, member: impl Display) -> Flow {
    if first {
        output.line(format_args!("{group}"))?;
    }
    output.line(format_args!("\t{member}"))
}
