//! Four-letter words: fields, their order, the whitelist.

use libtest_mimic::Trial;
use wire::bed::{self, RICH_TICK, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::four_letter;
use wire::server::Server;

pub fn trials() -> Vec<Trial> {
    let all = cases![
        only_srvr_is_on_the_default_whitelist,
        ruok_isro_gtmk_have_no_newline,
        stmk_sets_the_trace_mask,
        srvr_fields_and_order,
        stat_fields_and_order,
        cons_fields_and_order,
        conf_keys_and_order,
        envi_keys_and_order,
        mntr_begins_with_version_and_state,
        mntr_has_the_keys_that_dashboards_read,
        dump_sections_and_order,
        dirs_names_both_sizes,
        resets_say_so,
        resets_reset,
        wchs_counts_the_data_table,
        wchc_and_wchp_list_the_data_table,
        hash_is_empty_or_hex_pairs,
        own_connection_is_counted,
        the_telnet_word_is_known,
    ];
    case::trials("words", For::All, all)
}

fn ask(server: &Server, word: &str) -> String {
    String::from_utf8(four_letter(server.addr(), word.as_bytes())).expect("text")
}

/// The part of each line before `=` or the first tab.
fn keys(text: &str) -> Vec<&str> {
    let end = |line: &str| line.find(['=', '\t']).unwrap_or(line.len());
    text.lines().map(|line| &line[..end(line)]).collect()
}

const WORDS: [&str; 17] = [
    "conf", "cons", "crst", "dirs", "dump", "envi", "gtmk", "ruok", "srst", "stat", "wchc", "wchp",
    "wchs", "mntr", "isro", "hash", "stmk",
];

fn only_srvr_is_on_the_default_whitelist() {
    let server = bed::stock();
    for word in WORDS {
        let mut bytes = word.as_bytes().to_vec();
        bytes.extend(if word == "stmk" { &[0; 8][..] } else { &[] });
        let answer = four_letter(server.addr(), &bytes);
        let refusal = format!("{word} is not executed because it is not in the whitelist.\n");
        assert_eq!(String::from_utf8_lossy(&answer), refusal);
    }
    assert!(ask(&server, "srvr").starts_with("Zookeeper version: "));
}

fn ruok_isro_gtmk_have_no_newline() {
    let server = bed::usual();
    assert_eq!(ask(&server, "ruok"), "imok");
    assert_eq!(ask(&server, "isro"), "rw");
    let mask = ask(&server, "gtmk");
    assert!(mask.parse::<i64>().is_ok(), "a number without newline: {mask:?}");
}

fn stmk_sets_the_trace_mask() {
    let (_turn, server) = bed::lone();
    let mask = ask(&server, "gtmk");
    assert_eq!(mask, "306");
    let set = |mask: i64| {
        let bytes = [&b"stmk"[..], &mask.to_be_bytes()].concat();
        String::from_utf8(four_letter(server.addr(), &bytes)).expect("text")
    };
    assert_eq!(set(4), "4");
    assert_eq!(ask(&server, "gtmk"), "4");
    assert_eq!(set(306), "306");
}

/// The lines that srvr and stat share, from Latency on.
fn common_part(lines: &[&str]) {
    let starts = [
        "Latency min/avg/max: ",
        "Received: ",
        "Sent: ",
        "Connections: ",
        "Outstanding: ",
        "Zxid: 0x",
        "Mode: standalone",
        "Node count: ",
    ];
    assert_eq!(lines.len(), starts.len(), "{lines:?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line:?} should begin with {start:?}");
    }
    let latency: Vec<_> = lines[0][starts[0].len()..].split('/').collect();
    assert_eq!(latency.len(), 3, "{latency:?}");
    assert!(latency[0].parse::<i64>().is_ok() && latency[2].parse::<i64>().is_ok());
    let (_, decimals) = latency[1].split_once('.').expect("the average is a double");
    assert!((1..=4).contains(&decimals.len()), "{latency:?}");
}

fn version_line(line: &str) {
    let rest = line.strip_prefix("Zookeeper version: ").expect("the version line comes first");
    let (version, built) = rest.split_once(", built on ").expect("the build date");
    let (number, revision) = version.split_once('-').expect("version and revision");
    assert!(number.split('.').count() >= 3 && !revision.is_empty(), "{line}");
    assert!(!built.is_empty(), "{line}");
}

fn srvr_fields_and_order() {
    let answer = ask(&bed::usual(), "srvr");
    assert!(answer.ends_with('\n'));
    let lines: Vec<_> = answer.lines().collect();
    version_line(lines[0]);
    common_part(&lines[1..]);
}

fn stat_fields_and_order() {
    let server = bed::usual();
    let _client = join(&server);
    let answer = ask(&server, "stat");
    let lines: Vec<_> = answer.lines().collect();
    version_line(lines[0]);
    assert_eq!(lines[1], "Clients:");
    let empty = lines.iter().position(|line| line.is_empty()).expect("an empty line");
    for line in &lines[2..empty] {
        assert!(line.starts_with(" /127.0.0.1:"), "{line}");
        let (_, fields) = line.split_once("](queued=").unwrap_or_else(|| panic!("{line}"));
        assert!(fields.contains(",recved=") && fields.contains(",sent="), "{line}");
        assert!(line.ends_with(')'), "{line}");
    }
    assert!(empty > 3, "the client and this connection are listed");
    common_part(&lines[empty + 1..]);
}

fn cons_fields_and_order() {
    let server = bed::usual();
    let mut client = join(&server);
    client.exists("/", false).ok();
    client.ping();
    let answer = ask(&server, "cons");
    let mine = format!("sid=0x{:x},", client.session.id);
    let line = answer.lines().find(|line| line.contains(&mine)).expect("this session's line");
    let (_, fields) = line.split_once("](").expect("the fields");
    let names: Vec<_> = fields
        .trim_end_matches(')')
        .split(',')
        .map(|field| field.split_once('=').map_or(field, |(name, _)| name))
        .collect();
    let due = [
        "queued", "recved", "sent", "sid", "lop", "est", "to", "lcxid", "lzxid", "lresp", "llat",
        "minlat", "avglat", "maxlat",
    ];
    assert_eq!(names, due, "{line}");
    assert!(fields.contains("lop=PING,") && fields.contains(",to=30000,"), "{line}");
    let bare = answer.lines().find(|line| line.starts_with(" /") && !line.contains("sid="));
    assert!(bare.expect("this word's own connection").contains("(queued=0,recved="));
    assert!(answer.ends_with(")\n\n"), "an empty line at the end");
}

fn conf_keys_and_order() {
    let server = bed::usual();
    let answer = ask(&server, "conf");
    let due = [
        "clientPort",
        "secureClientPort",
        "dataDir",
        "dataDirSize",
        "dataLogDir",
        "dataLogSize",
        "tickTime",
        "maxClientCnxns",
        "minSessionTimeout",
        "maxSessionTimeout",
        "clientPortListenBacklog",
        "serverId",
    ];
    assert_eq!(keys(&answer), due);
    let port = server.addr().port();
    assert!(answer.starts_with(&format!("clientPort={port}\nsecureClientPort=-1\n")), "{answer}");
    let dir = format!("dataDir={}/version-2\n", server.data_dir().display());
    assert!(answer.contains(&dir), "{answer}");
    let rest = "tickTime=2000\nmaxClientCnxns=0\nminSessionTimeout=4000\nmaxSessionTimeout=40000\n\
                clientPortListenBacklog=-1\nserverId=0\n";
    assert!(answer.ends_with(rest), "{answer}");
}

fn envi_keys_and_order() {
    let answer = ask(&bed::usual(), "envi");
    let due = [
        "Environment:",
        "zookeeper.version",
        "host.name",
        "java.version",
        "java.vendor",
        "java.home",
        "java.class.path",
        "java.library.path",
        "java.io.tmpdir",
        "java.compiler",
        "os.name",
        "os.arch",
        "os.version",
        "user.name",
        "user.home",
        "user.dir",
        "os.memory.free",
        "os.memory.max",
        "os.memory.total",
    ];
    assert_eq!(keys(&answer), due);
    for line in answer.lines().filter(|line| line.starts_with("os.memory")) {
        assert!(line.ends_with("MB"), "{line}");
    }
}

fn mntr_begins_with_version_and_state() {
    let answer = ask(&bed::usual(), "mntr");
    let mut lines = answer.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("zk_version\t")), "{answer}");
    assert_eq!(lines.next(), Some("zk_server_state\tstandalone"));
    for line in answer.lines() {
        let (key, value) = line.split_once('\t').unwrap_or_else(|| panic!("{line:?}"));
        assert!(key.starts_with("zk_") && !value.is_empty(), "{line:?}");
    }
}

fn mntr_has_the_keys_that_dashboards_read() {
    let answer = ask(&bed::usual(), "mntr");
    let present = keys(&answer);
    let due = [
        "zk_ephemerals_count",
        "zk_avg_latency",
        "zk_num_alive_connections",
        "zk_outstanding_requests",
        "zk_znode_count",
        "zk_global_sessions",
        "zk_packets_received",
        "zk_packets_sent",
        "zk_min_latency",
        "zk_max_latency",
        "zk_open_file_descriptor_count",
        "zk_max_file_descriptor_count",
        "zk_watch_count",
        "zk_approximate_data_size",
        "zk_uptime",
        "zk_connection_rejected",
        "zk_cnt_fsynctime",
        "zk_cnt_snapshottime",
        "zk_cnt_updatelatency",
    ];
    for key in due {
        assert!(present.contains(&key), "{key} is missing");
    }
}

fn dump_sections_and_order() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "dump");
    client.create_flags(&format!("{root}/e"), 1).ok();
    let answer = ask(&server, "dump");
    let due = [
        "SessionTracker dump:\nSession Sets (",
        ")/(",
        " expire at ",
        "\n\t0x",
        "\nephemeral nodes dump:\nSessions with Ephemerals (",
        "):\n0x",
        ":\n\t/",
        "\nConnections dump:\nConnections Sets (",
        ")/(",
        " expire at ",
        "\n\tip: /127.0.0.1:",
        " sessionId: 0x",
    ];
    let mut rest = answer.as_str();
    for part in due {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} is due in {rest}"));
        rest = &rest[at + part.len()..];
    }
    assert!(answer.contains(&format!("0x{:x}:\n\t{root}/e\n", client.session.id)), "{answer}");
}

fn dirs_names_both_sizes() {
    let answer = ask(&bed::usual(), "dirs");
    let lines: Vec<_> = answer.lines().collect();
    for (line, name) in lines.iter().zip(["datadir_size: ", "logdir_size: "]) {
        let size = line.strip_prefix(name).unwrap_or_else(|| panic!("{answer}"));
        assert!(size.parse::<u64>().is_ok(), "{answer}");
    }
    assert_eq!(lines.len(), 2);
}

fn resets_say_so() {
    let (_turn, server) = bed::lone();
    assert_eq!(ask(&server, "crst"), "Connection stats reset.\n");
    assert_eq!(ask(&server, "srst"), "Server stats reset.\n");
}

fn resets_reset() {
    let (_turn, server) = bed::lone();
    let mut client = join(&server);
    (0..50).for_each(|_| drop(client.ping()));
    let received = || {
        let answer = ask(&server, "srvr");
        let line = answer.lines().find(|line| line.starts_with("Received: ")).expect("Received");
        line["Received: ".len()..].parse::<u64>().expect("a number")
    };
    assert!(received() >= 50);
    ask(&server, "srst");
    assert!(received() < 50);
}

fn wchs_counts_the_data_table() {
    let (_turn, server) = bed::lone();
    let mut client = join(&server);
    let path = client.create_flags("/wchs-", 2).path();
    client.get(&path, true).ok();
    client.exists("/wchs-none", true);
    client.add_watch("/wchs-rec", 1).ok();
    client.children(&path, true).ok();
    let due = "1 connections watching 3 paths\nTotal watches:3\n";
    assert_eq!(ask(&server, "wchs"), due, "child watches are not in it");
}

fn wchc_and_wchp_list_the_data_table() {
    let (_turn, server) = bed::lone();
    let mut client = join(&server);
    let path = client.create_flags("/wchc-", 2).path();
    client.get(&path, true).ok();
    let id = format!("0x{:x}", client.session.id);
    assert_eq!(ask(&server, "wchc"), format!("{id}\n\t{path}\n\n"));
    assert_eq!(ask(&server, "wchp"), format!("{path}\n\t{id}\n\n"));
}

fn hash_is_empty_or_hex_pairs() {
    for line in ask(&bed::usual(), "hash").lines() {
        let (zxid, digest) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?}"));
        assert!(i64::from_str_radix(zxid, 16).is_ok(), "{line:?}");
        assert!(digest.parse::<i64>().is_ok(), "{line:?}");
    }
}

fn own_connection_is_counted() {
    let (_turn, server) = bed::lone();
    let clients = [join(&server), join(&server)];
    // Connections of earlier words close a moment after their answer.
    let counted = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(RICH_TICK / 10));
        ask(&server, "srvr").contains("\nConnections: 3\n")
    });
    assert!(counted, "two sessions and the word itself: {}", ask(&server, "srvr"));
    drop(clients);
}

fn the_telnet_word_is_known() {
    let answer = four_letter(bed::stock().addr(), &[0xff, 0xf4, 0xff, 0xfd]);
    let text = String::from_utf8_lossy(&answer);
    assert_eq!(text, "telnet close is not executed because it is not in the whitelist.\n");
}
