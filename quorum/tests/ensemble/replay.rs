//! Recorded streams of Apache servers: one side of a connection is played to one of our cores, and
//! what it answers must have the types and zxids of what the recorded server answered.

use std::path::PathBuf;

use codec::peer::payload::decode_i32;
use codec::peer::{ConfigText, LearnerInfo, Notification, PacketType, PeerState, Role, cut_packet};
use codec::{ServerId, Zxid};
use quorum::election::{self, History, Intervals, Message};
use quorum::leader::{self, LearnerId};
use quorum::sync::CommittedLog;
use quorum::{Election, Leader, Learner, Membership, Millis, Packet, Timing, learner};
use serde_json::Value;

const TIMING: Timing = Timing { tick_ms: 1000, init_limit: 10, sync_limit: 5 };
const NOW: Millis = Millis(0);
const MEMBERS: &str = "server.1=127.0.0.1:24021:24031\nserver.2=127.0.0.1:24022:24032\n\
    server.3=127.0.0.1:24023:24033\nserver.4=127.0.0.1:24024:24034:observer\nversion=0";

/// The messages of a connection in the order of the capture: whether the dialler sent it, its type
/// and its bytes.
fn messages(name: &str) -> Vec<(bool, String, Vec<u8>)> {
    let base = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/apache-3.8.0/streams")
        .join(name);
    let read = |ending: &str| std::fs::read(base.with_extension(ending)).unwrap();
    let (dialler, acceptor) = (read("c2s.bin"), read("s2c.bin"));
    let list: Vec<Value> = serde_json::from_slice(&read("json")).unwrap();
    let take = |entry: &Value| {
        let from_dialler =
            matches!(entry["dir"].as_str(), Some("learner->leader" | "connector->acceptor"));
        let at = entry["offset"].as_u64().unwrap() as usize;
        let length = entry["len"].as_u64().unwrap() as usize;
        let bytes = if from_dialler { &dialler } else { &acceptor };
        let kind = entry["type"].as_str().unwrap().to_owned();
        (from_dialler, kind, bytes[at..at + length].to_vec())
    };
    list.iter().map(take).collect()
}

fn packet(bytes: &[u8]) -> Packet {
    Packet::from_wire(cut_packet(bytes, 1 << 20).unwrap().unwrap().0)
}

fn members() -> Membership {
    Membership::new(ConfigText::parse(MEMBERS.as_bytes()).unwrap())
}

type Said = Vec<(PacketType, Zxid)>;

fn said(packets: impl IntoIterator<Item = Packet>) -> Said {
    let known = |packet: Packet| packet.kind().map(|kind| (kind, packet.zxid));
    packets.into_iter().filter_map(known).collect()
}

/// What the recorded learner said that a core says of itself: no requests of clients.
fn recorded(stream: &[(bool, String, Vec<u8>)], from_learner: bool) -> Vec<Packet> {
    let wanted = stream.iter().filter(|(dir, kind, _)| {
        *dir == from_learner && !["REQUEST", "REVALIDATE", "SNAPSHOT-BODY"].contains(&&**kind)
    });
    wanted.map(|(_, _, bytes)| packet(bytes)).collect()
}

/// The state in which the recorded learner was, from its own introduction.
fn learner_like(own: &[Packet], leader: i64) -> Learner {
    let info = LearnerInfo::from_data(own[0].data.as_deref());
    let accepted_epoch = own[0].zxid.epoch();
    let current = decode_i32(own[1].data.as_deref()).unwrap();
    let is_observer = own[0].kind() == Some(PacketType::ObserverInfo);
    let settings = learner::Settings {
        me: info.sid.unwrap(),
        role: if is_observer { Role::Observer } else { Role::Participant },
        leader: ServerId(leader),
        timing: TIMING,
        reconfig_enabled: false,
        snapshot_wanted: false,
        held_bytes_max: 1 << 20,
    };
    let past = learner::Past {
        accepted_epoch,
        current_epoch: if current < 0 { accepted_epoch } else { current.into() },
        last_zxid: own[1].zxid,
        committed: CommittedLog::new(0, 1 << 20),
    };
    Learner::new(NOW, settings, members(), past)
}

/// Carries out a learner's effects with a disk that works at once.
fn carry_out(learner: &mut Learner, sent: &mut Vec<Packet>) {
    loop {
        let effects = learner.take_effects();
        if effects.is_empty() {
            return;
        }
        for effect in effects {
            use learner::Effect as E;
            match effect {
                E::Send(packet) => sent.push(packet),
                E::PersistAcceptedEpoch(_) => learner.handle_accepted_epoch_persisted(NOW),
                E::PersistCurrentEpoch(_) => learner.handle_current_epoch_persisted(NOW),
                E::Truncate(_) => learner.handle_truncated(NOW, true),
                E::SaveSnapshot(_) => learner.handle_snapshot_saved(NOW),
                E::Append(txn) => learner.handle_durable(NOW, txn.zxid),
                E::Pinged(ping) => learner.answer_ping(ping, Default::default()),
                E::Leave(leave) => panic!("{leave:?}"),
                _ => {}
            }
        }
    }
}

fn replay_to_learner(name: &str) -> (Said, Said) {
    let stream = messages(name);
    let own = recorded(&stream, true);
    let mut learner = learner_like(&own, 3);
    let mut sent = Vec::new();
    carry_out(&mut learner, &mut sent);
    assert_eq!(sent[0], own[0], "{name}: the introduction, byte by byte");
    for (_, kind, bytes) in stream.iter().filter(|(from_learner, _, _)| !from_learner) {
        match kind.as_str() {
            "SNAPSHOT-BODY" => learner.handle_snapshot_received(NOW),
            _ => learner.handle_packet(NOW, packet(bytes)),
        }
        carry_out(&mut learner, &mut sent);
    }
    assert!(learner.is_serving(), "{name}");
    (said(sent), said(own))
}

fn sorted(mut said: Said) -> Said {
    said.sort_by_key(|(kind, zxid)| (*zxid, kind.code()));
    said
}

/// With what a 3.9.5 follower heard, our learner says what it said.
#[test]
fn a_learner_of_ours_says_what_a_3_9_5_follower_said() {
    for name in [
        "mixed/leader-3.8.0-follower-3.9.5/quorum1-to-s3",
        "mixed/leader-3.8.0-follower-3.9.5/quorum2-to-s3",
        "mixed/leader-3.4.14-follower-3.9.5/quorum1-to-s3",
        "mixed/leader-3.4.14-follower-3.9.5/quorum2-to-s3",
    ] {
        let (ours, theirs) = replay_to_learner(name);
        // Pings are answered at once here, and between other packets there.
        assert_eq!(sorted(ours), sorted(theirs), "{name}");
    }
}

/// The same for 3.8.0, which acknowledges synchronised transactions as well.
#[test]
fn a_learner_of_ours_says_what_3_8_0_followers_and_observers_said() {
    for name in [
        "election-boot-and-follower-broadcast/quorum1-to-s2",
        "election-boot-and-follower-broadcast/quorum2-to-s2",
        "follower-snap/quorum1-to-s2",
        "follower-trunc/quorum1-to-s3",
        "reelection/quorum1-to-s3",
        "observer-snap/quorum1-to-s2",
    ] {
        let (ours, theirs) = replay_to_learner(name);
        assert_eq!(sorted(ours), sorted(theirs), "{name}");
    }
    for name in ["follower-diff/quorum1-to-s2", "follower-diff-from-disk-log/quorum1-to-s3"] {
        let (ours, theirs) = replay_to_learner(name);
        let rest = theirs.iter().filter(|said| !ours.contains(said));
        assert!(rest.clone().all(|(kind, _)| *kind == PacketType::Ack), "{name}");
        assert_eq!(ours[..4], theirs[..4], "{name}");
    }
}

/// Plays a recorded follower to a leader of ours; what is said up to UPTODATE.
fn replay_to_leader(name: &str, me: i64, past: leader::Past) -> (Said, Said) {
    let stream = messages(name);
    let settings =
        leader::Settings { prefer_trunc: true, ..leader::Settings::new(ServerId(me), TIMING) };
    let mut leader = Leader::new(NOW, settings, members(), past);
    let link = LearnerId(1);
    leader.handle_connected(NOW, link);
    let mut sent = Vec::new();
    for packet in recorded(&stream, true) {
        leader.handle_packet(NOW, link, packet);
        loop {
            let effects = leader.take_effects();
            if effects.is_empty() {
                break;
            }
            for effect in effects {
                use leader::Effect as E;
                match effect {
                    E::Send { packet, .. } => sent.push(packet),
                    E::PersistAcceptedEpoch(_) => leader.handle_accepted_epoch_persisted(NOW),
                    E::PersistCurrentEpoch(_) => leader.handle_current_epoch_persisted(NOW),
                    E::Close { reason, .. } => panic!("{name}: {reason:?}"),
                    _ => {}
                }
            }
        }
    }
    let mut theirs = said(recorded(&stream, false));
    let end = theirs.iter().position(|(kind, _)| *kind == PacketType::UpToDate).unwrap();
    theirs.truncate(end + 1);
    (said(sent), theirs)
}

#[test]
fn a_leader_of_ours_says_what_3_8_0_leaders_said() {
    let past = |epoch, last| leader::Past {
        accepted_epoch: epoch,
        current_epoch: epoch,
        last_zxid: Zxid(last),
        committed: CommittedLog::new(0, 1 << 20),
    };
    for (name, me, past) in [
        ("election-boot-and-follower-broadcast/quorum1-to-s2", 2, past(0, 0)),
        ("reelection/quorum1-to-s3", 3, past(1, 0x1_0000_0027)),
    ] {
        let (ours, theirs) = replay_to_leader(name, me, past);
        assert_eq!(ours, theirs, "{name}");
    }
}

fn notification(bytes: &[u8]) -> Message {
    Message::from_wire(&Notification::decode_message(&bytes[4..]).unwrap())
}

/// First boot: server 1 hears server 2's vote, takes it over, and follows.
#[test]
fn an_election_of_ours_says_what_server_1_said_at_first_boot() {
    let stream = messages("election-boot-and-follower-broadcast/election1-to-s1");
    let settings = election::Settings {
        me: ServerId(1),
        role: Role::Participant,
        intervals: Intervals::default(),
        reconfig_enabled: false,
        has_oracle: false,
    };
    let history = History { last_zxid: Zxid::ZERO, current_epoch: 0 };
    let mut election = Election::new(settings, members(), history);
    election.start_looking(NOW, history);
    let mut votes = stream.iter().filter(|(_, kind, _)| kind == "NOTIFICATION");
    for (_, _, bytes) in votes.clone().filter(|(from_dialler, _, _)| *from_dialler) {
        election.handle_message(NOW, ServerId(2), notification(bytes));
    }
    let wake = election.next_wake().unwrap();
    election.handle_wake(wake, true);
    let mut to_2 = Vec::new();
    let mut outcome = None;
    for effect in election.take_effects() {
        match effect {
            election::Effect::Send { to: ServerId(2), message } => to_2.push(message),
            election::Effect::Decided { state, vote } => outcome = Some((state, vote.leader)),
            _ => {}
        }
    }
    let theirs: Vec<_> = votes
        .by_ref()
        .filter(|(from_dialler, _, _)| !from_dialler)
        .map(|(_, _, bytes)| notification(bytes))
        .collect();
    assert_eq!(to_2, theirs);
    assert_eq!(outcome, Some((PeerState::Following, ServerId(2))));
}
