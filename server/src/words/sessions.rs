//! `dump`: sessions by the moment of their end, ephemerals by session, connections by the moment
//! of their end.

use std::fmt::Display;
use std::ops::ControlFlow;

use codec::SessionId;

use super::text::{Output, date, socket_address};
use super::view::{Bucket, Flow, GlobalSessions, ServerView, Sessions};

/// `dump`.
pub fn dump(view: &dyn ServerView) -> String {
    let mut output = Output::default();
    output.add(format_args!("SessionTracker dump:\n"));
    // An answer that is full takes no more lines: each part may be asked all the same.
    let _ = sessions(&view.sessions(), &mut output);
    let _ = ephemerals(view, &mut output);
    let _ = connections(view, &mut output);
    output.finish()
}

fn sessions(sessions: &Sessions, output: &mut Output) -> Flow {
    if let Some(local) = &sessions.local {
        session_sets("Local ", local, output)?;
    }
    match &sessions.global {
        GlobalSessions::Tracked(buckets) => {
            let prefix = if sessions.local.is_some() { "Global " } else { "" };
            session_sets(prefix, buckets, output)
        }
        GlobalSessions::Known(timeouts) => {
            output.line(format_args!("Global Sessions({}):", timeouts.len()))?;
            let mut each = timeouts.iter();
            each.try_for_each(|(id, timeout)| output.line(format_args!("{id}\t{timeout}ms")))
        }
    }
}

fn session_sets(prefix: &str, buckets: &[Bucket<SessionId>], output: &mut Output) -> Flow {
    sets(&format!("{prefix}Session Sets"), buckets, output, |id| *id)
}

/// `TITLE (buckets)/(members):` and every bucket.
fn sets<T, D: Display>(
    title: &str,
    buckets: &[Bucket<T>],
    output: &mut Output,
    shown: impl Fn(&T) -> D,
) -> Flow {
    let total: usize = buckets.iter().map(|bucket| bucket.members.len()).sum();
    output.line(format_args!("{title} ({})/({total}):", buckets.len()))?;
    for Bucket { expires_wall_ms, members } in buckets {
        output.line(format_args!("{} expire at {}:", members.len(), date(*expires_wall_ms)))?;
        members.iter().try_for_each(|one| output.line(format_args!("\t{}", shown(one))))?;
    }
    ControlFlow::Continue(())
}

fn ephemerals(view: &dyn ServerView, output: &mut Output) -> Flow {
    output.line(format_args!("ephemeral nodes dump:"))?;
    let count = view.sessions_with_ephemerals();
    output.line(format_args!("Sessions with Ephemerals ({count}):"))?;
    let mut of = None;
    let mut flow = ControlFlow::Continue(());
    view.ephemerals(&mut |session, path| {
        if of.replace(session) != Some(session) {
            flow = output.line(format_args!("{session}:"));
        }
        if flow.is_continue() {
            flow = output.line(format_args!("\t{path}"));
        }
        flow
    });
    flow
}

fn connections(view: &dyn ServerView, output: &mut Output) -> Flow {
    output.line(format_args!("Connections dump:"))?;
    sets("Connections Sets", &view.connection_expiry(), output, |(peer, session)| {
        format!("ip: {} sessionId: {session}", socket_address(*peer))
    })
}
