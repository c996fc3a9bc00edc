//! `srvr`, `stat`, `cons`: what the server did, and who is connected.

use std::fmt::Write;

use super::text::{Output, op_tag, socket_address};
use super::view::{ConnectionInfo, Mode, ServerView, SessionInfo};
use crate::version;

/// `srvr`.
pub fn srvr(view: &dyn ServerView) -> String {
    let mut output = Output::default();
    head(view, &mut output);
    figures(view, &mut output);
    output.finish()
}

/// `stat`.
pub fn stat(view: &dyn ServerView) -> String {
    let mut output = Output::default();
    head(view, &mut output);
    output.add(format_args!("Clients:\n"));
    view.connections(&mut |connection| output.line(format_args!(" {}", brief(connection))));
    output.add(format_args!("\n"));
    figures(view, &mut output);
    output.finish()
}

/// `cons`.
pub fn cons(view: &dyn ServerView) -> String {
    let mut output = Output::default();
    view.connections(&mut |connection| output.line(format_args!(" {}", full(connection))));
    output.add(format_args!("\n"));
    output.finish()
}

fn head(view: &dyn ServerView, output: &mut Output) {
    output.add(format_args!("Zookeeper version: {}\n", version::line()));
    if view.status().mode == Mode::ReadOnly {
        output.add(format_args!("READ-ONLY mode; serving only read-only clients\n"));
    }
}

fn figures(view: &dyn ServerView, output: &mut Output) {
    let (status, gauges, metrics) = (view.status(), view.gauges(), view.metrics());
    let latency = metrics.request_latency.get();
    let (min, avg, max) = (latency.min, latency.avg, latency.max);
    output.add(format_args!("Latency min/avg/max: {min}/{avg:?}/{max}\n"));
    output.add(format_args!("Received: {}\n", metrics.packets_received.get()));
    output.add(format_args!("Sent: {}\n", metrics.packets_sent.get()));
    output.add(format_args!("Connections: {}\n", gauges.num_alive_connections));
    output.add(format_args!("Outstanding: {}\n", gauges.outstanding_requests));
    output.add(format_args!("Zxid: {}\n", status.zxid));
    output.add(format_args!("Mode: {}\n", status.mode.name()));
    output.add(format_args!("Node count: {}\n", gauges.znode_count));
    if status.mode == Mode::Leader {
        let sizes = metrics.proposal_size.get();
        let (last, min, max) = (sizes.last, sizes.min, sizes.max);
        output.add(format_args!("Proposal sizes last/min/max: {last}/{min}/{max}\n"));
    }
}

/// ` /ip:port[ops](queued=…,recved=…,sent=…)` without the leading space.
fn brief(connection: &ConnectionInfo) -> String {
    let mut line = opened(connection);
    line.push(')');
    line
}

fn full(connection: &ConnectionInfo) -> String {
    let mut line = opened(connection);
    if let Some(session) = &connection.session {
        add_session(&mut line, session);
    }
    line.push(')');
    line
}

fn opened(connection: &ConnectionInfo) -> String {
    let peer = socket_address(connection.peer);
    let ConnectionInfo { interest_ops, queued, received, sent, .. } = connection;
    format!("{peer}[{interest_ops:x}](queued={queued},recved={received},sent={sent}")
}

fn add_session(line: &mut String, session: &SessionInfo) {
    let cxid = match session.last_cxid {
        cxid if cxid < 0 => String::new(),
        cxid => format!("lcxid={cxid:#x},"),
    };
    let SessionInfo { id, established_ms, timeout_ms, last_zxid, last_response_ms, .. } = session;
    let SessionInfo { last_latency, min_latency, avg_latency, max_latency, .. } = session;
    let op = op_tag(session.last_op);
    // Writing to a String cannot fail.
    let _ = write!(
        line,
        ",sid={id},lop={op},est={established_ms},to={timeout_ms},{cxid}lzxid={last_zxid},\
         lresp={last_response_ms},llat={last_latency},minlat={min_latency},\
         avglat={avg_latency},maxlat={max_latency}"
    );
}
