//! ACLs and authentication: fix-up, matching, masking, addauth, whoAmI, enforced authentication.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use codec::acl::open_acl_unsafe;
use codec::client::AuthPacket;
use libtest_mimic::Trial;
use sha1::{Digest, Sha1};
use wire::bed::{self, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::{Raw, op};
use wire::expect::{acl, err};
use wire::handshake::Connect;
use wire::server::{Server, Spec};

pub fn trials() -> Vec<Trial> {
    let all = cases![
        each_operation_asks_for_its_permission,
        digest_ids_are_checked_for_form_only,
        ip_ids_are_checked_for_form,
        world_super_and_unknown_schemes,
        exact_duplicates_are_removed_once,
        no_dedup_after_expansion,
        digest_identity_is_the_sha1_of_the_whole,
        digest_without_a_colon,
        super_user_passes_everything,
        ip_matching_with_masks,
        failed_addauth_replies_and_closes_and_the_session_survives,
        who_am_i_hides_secrets,
        identities_belong_to_the_connection,
        a_request_behind_auth_has_the_new_identity,
        masking_of_a_reader,
        sasl_without_configuration_answers_null,
        enforced_auth_refuses_even_pings,
        skip_acl_disables_checks,
    ];
    case::trials("acl", For::All, all)
}

/// `user:base64(sha1(user:password))`.
fn digest_of(user_password: &str) -> String {
    let user = user_password.split(':').next().unwrap_or_default();
    format!("{user}:{}", STANDARD.encode(Sha1::digest(user_password)))
}

fn each_operation_asks_for_its_permission() {
    let (mut client, root) = place(&bed::usual(), "perm");
    // READ, WRITE, CREATE, DELETE, ADMIN: the node that carries exactly one of them.
    for bit in [1, 2, 4, 8, 16] {
        let node = format!("{root}/p{bit}");
        client.create(&node, b"").ok();
        client.create(&format!("{node}/kid"), b"").ok();
        client.set_acl(&node, acl(&[(bit, "world", "anyone")]), -1).ok();
        let code = |wanted: i32| if bit & wanted != 0 { 0 } else { err::NO_AUTH };
        assert_eq!(client.get(&node, false).err, code(1), "getData with {bit}");
        assert_eq!(client.children(&node, false).err, code(1), "getChildren with {bit}");
        assert_eq!(client.count(&node).err, code(1), "getAllChildrenNumber with {bit}");
        assert_eq!(client.exists(&node, false).err, code(1), "exists with {bit}");
        assert_eq!(client.get_acl(&node).err, code(1 | 16), "getACL with {bit}");
        assert_eq!(client.set(&node, b"", -1).err, code(2), "setData with {bit}");
        assert_eq!(client.create(&format!("{node}/x"), b"").err, code(4), "create with {bit}");
        assert_eq!(client.delete(&format!("{node}/kid"), -1).err, code(8), "delete with {bit}");
        client.sync(&node).ok();
        client.add_watch(&node, 0).ok();
        let reply = client.set_acl(&node, open_acl_unsafe(), -1);
        assert_eq!(reply.err, code(16), "setACL with {bit}");
    }
}

fn form_is_checked(scheme: &str, good: &[&str], bad: &[&str]) {
    let (mut client, root) = place(&bed::usual(), "form");
    for id in good {
        client.set_acl(&root, acl(&[(31, scheme, id), (31, "world", "anyone")]), -1).ok();
    }
    for id in bad {
        let reply = client.set_acl(&root, acl(&[(31, scheme, id)]), -1);
        assert_eq!(reply.err, err::INVALID_ACL, "{scheme}:{id}");
    }
}

fn digest_ids_are_checked_for_form_only() {
    form_is_checked(
        "digest",
        &["a:b", ":x", "a:b:", "a:b::"],
        &["a", "a:", "a:b:c", "", ":", "::"],
    );
}

fn ip_ids_are_checked_for_form() {
    let good = ["127.0.0.1", "10.0.0.0/8", "1.2.3.4/0", "1.2.3.4/32", "::1", "fe80::1/64", "::/0"];
    let bad = ["1.2.3.4/33", "1.2.3.4/", "1.2.3", "1.2.3.4/-1", "1.2.3.4/x", "host", "", "::1/129"];
    form_is_checked("ip", &good, &bad);
}

fn world_super_and_unknown_schemes() {
    form_is_checked("world", &["anyone"], &["everyone", ""]);
    form_is_checked("super", &[], &["", "x"]);
    form_is_checked("sasl", &[], &["bob"]);
    form_is_checked("x509", &[], &["CN=bob"]);
    form_is_checked("nope", &[], &["bob"]);
}

fn exact_duplicates_are_removed_once() {
    let (mut client, root) = place(&bed::usual(), "dup");
    let entries = acl(&[
        (31, "world", "anyone"),
        (1, "digest", "a:b"),
        (31, "world", "anyone"),
        (2, "digest", "a:b"),
        (1, "digest", "a:b"),
    ]);
    client.set_acl(&root, entries, -1).ok();
    let left = acl(&[(31, "world", "anyone"), (1, "digest", "a:b"), (2, "digest", "a:b")]);
    assert_eq!(client.get_acl(&root).acl(), left);
}

fn no_dedup_after_expansion() {
    let (mut client, root) = place(&bed::usual(), "expand");
    client.auth("digest", b"bob:secret").bare();
    let bob = digest_of("bob:secret");
    let entries = acl(&[(31, "auth", ""), (31, "auth", "x"), (31, "digest", &bob)]);
    client.set_acl(&root, entries, -1).ok();
    assert_eq!(client.get_acl(&root).acl(), vec![acl(&[(31, "digest", &bob)])[0].clone(); 3]);
}

fn digest_identity_is_the_sha1_of_the_whole() {
    assert_eq!(digest_of("bob:secret"), "bob:fyVmFCwVbTJYrznoSu1koqYEYF0=");
    for secret in ["bob:secret", "a:b:c", ":pw", "u:", "ü:ß"] {
        let (mut client, root) = place(&bed::usual(), "sha");
        client.auth("digest", secret.as_bytes()).bare();
        client.set_acl(&root, acl(&[(31, "auth", "")]), -1).ok();
        let id = digest_of(secret);
        assert_eq!(client.get_acl(&root).acl(), acl(&[(31, "digest", &id)]), "{secret}");
    }
}

fn digest_without_a_colon() {
    let (mut client, root) = place(&bed::usual(), "nocolon");
    client.auth("digest", b"lonely").bare();
    client.set_acl(&root, acl(&[(31, "auth", "")]), -1).ok();
    let id = format!("lonely:{}", STANDARD.encode(Sha1::digest("lonely")));
    assert_eq!(client.get_acl(&root).acl(), acl(&[(31, "digest", &id)]));
}

fn super_user_passes_everything() {
    let (mut client, root) = place(&bed::usual(), "super");
    client.set_acl(&root, acl(&[(0, "world", "anyone")]), -1).ok();
    client.get(&root, false).fails(err::NO_AUTH);
    client.auth("digest", b"super:wrong").bare();
    client.get(&root, false).fails(err::NO_AUTH);
    client.auth("digest", b"super:wire").bare();
    client.get(&root, false).ok();
    client.set(&root, b"x", -1).ok();
    client.set_acl(&root, open_acl_unsafe(), -1).ok();
    let who = client.who_am_i().identities();
    assert_eq!(who, ["digest:super", "digest:super", "ip:127.0.0.1", "super:"]);
}

fn ip_matching_with_masks() {
    let (mut client, root) = place(&bed::usual(), "ip");
    let yes = ["127.0.0.1", "127.0.0.0/8", "127.0.0.1/32", "0.0.0.0/0", "126.0.0.0/7"];
    let no = ["127.0.0.2", "10.0.0.0/8", "128.0.0.0/8", "::1", "::/0", "127.0.0.2/32"];
    for (ids, code) in [(&yes[..], 0), (&no[..], err::NO_AUTH)] {
        for id in ids {
            let node = format!("{root}/{}", id.replace('/', "_"));
            client.create_acl(&node, acl(&[(1, "ip", id)])).ok();
            assert_eq!(client.get(&node, false).err, code, "ip:{id}");
        }
    }
}

fn failed_addauth_replies_and_closes_and_the_session_survives() {
    let server = bed::usual();
    let null = |scheme: Option<&'static str>, auth: Option<&'static [u8]>| AuthPacket {
        auth_type: 0,
        scheme: scheme.map(Into::into),
        auth,
    };
    let packets = [
        null(Some("nope"), Some(b"x")),
        null(Some("sasl"), Some(b"x")),
        null(Some("world"), Some(b"anyone")),
        null(Some("super"), Some(b"")),
        null(Some("digest"), None),
        null(None, Some(b"x")),
    ];
    for packet in packets {
        let mut client = join(&server);
        client.send_as(-4, op::AUTH, &packet);
        let reply = client.reply();
        assert_eq!((reply.xid, reply.zxid), (-4, 0), "{packet:?}");
        reply.fails(err::AUTH_FAILED);
        client.is_closed();
        Connect::resume(&client.session).open(server.addr());
    }
}

fn who_am_i_hides_secrets() {
    let mut client = join(&bed::usual());
    assert_eq!(client.who_am_i().identities(), ["ip:127.0.0.1"]);
    for data in [&b"bob:secret"[..], b"bob:secret", b"amy:pw"] {
        client.auth("digest", data).bare();
    }
    client.auth("ip", b"ignored").bare();
    let who = client.who_am_i().identities();
    assert_eq!(who, ["digest:amy", "digest:bob", "ip:127.0.0.1"]);
}

fn identities_belong_to_the_connection() {
    let server = bed::usual();
    let mut client = join(&server);
    client.auth("digest", b"bob:secret").bare();
    let mut other = join(&server);
    assert_eq!(other.who_am_i().identities(), ["ip:127.0.0.1"]);
    let mut back = Connect::resume(&client.abandon()).open(server.addr());
    assert_eq!(back.who_am_i().identities(), ["ip:127.0.0.1"]);
}

fn a_request_behind_auth_has_the_new_identity() {
    let (mut client, root) = place(&bed::usual(), "behind");
    let bob = digest_of("bob:secret");
    client.set_acl(&root, acl(&[(31, "digest", &bob)]), -1).ok();
    let body = codec::client::SetDataRequest {
        path: Some(root.as_str().into()),
        data: Some(b"x"),
        version: -1,
    };
    let before = client.send(op::SET_DATA, &body);
    client.send_auth("digest", b"bob:secret");
    let after = client.send(op::SET_DATA, &body);
    let mut replies = [client.reply(), client.reply(), client.reply()].map(|r| (r.xid, r.err));
    replies.sort();
    // Only the auth reply may overtake; what was sent before it has the old identities.
    assert_eq!(replies, [(-4, 0), (before, err::NO_AUTH), (after, 0)]);
}

fn masking_of_a_reader() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "mask");
    let entries = acl(&[(1, "world", "anyone"), (16, "digest", "bob:hash=")]);
    client.set_acl(&root, entries, -1).ok();
    let seen = acl(&[(1, "world", "anyone"), (16, "digest", "bob:x")]);
    assert_eq!(client.get_acl(&root).acl(), seen);
    client.auth("digest", b"super:wire").bare();
    assert_eq!(client.get_acl(&root).acl()[1], acl(&[(16, "digest", "bob:hash=")])[0]);
}

fn sasl_without_configuration_answers_null() {
    let mut client = join(&bed::usual());
    for token in [&b"\0\0\0\0"[..], b"\0\0\0\x03abc"] {
        let reply = client.call(op::SASL, &Raw(token));
        assert_eq!((reply.zxid, reply.err), (0, 0));
        assert_eq!(reply.body, [0xff; 4]);
    }
    client.ping();
}

fn enforced_auth_refuses_even_pings() {
    let spec = Spec::usual()
        .property("zookeeper.enforce.auth.enabled", true)
        .property("zookeeper.enforce.auth.schemes", "digest");
    let server = Server::start(spec);
    let reads = codec::client::ExistsRequest { path: Some("/".into()), watch: false };
    let mut client = join(&server);
    let xid = client.send(op::EXISTS, &reads);
    let reply = client.reply();
    assert_eq!((reply.xid, reply.zxid), (xid, 0));
    reply.fails(err::NEEDS_AUTH);
    client.is_closed();
    let mut client = join(&server);
    client.send_as(-2, op::PING, &Raw(&[]));
    let reply = client.reply();
    assert_eq!((reply.xid, reply.zxid), (-2, 0));
    reply.fails(err::NEEDS_AUTH);
    client.is_closed();
    let mut client = join(&server);
    client.auth("digest", b"bob:secret").bare();
    client.ping();
    client.exists("/", false).ok();
}

fn skip_acl_disables_checks() {
    let server = Server::start(Spec::usual().property("zookeeper.skipACL", "yes"));
    let (mut client, root) = place(&server, "skip");
    client.set_acl(&root, acl(&[(0, "world", "anyone")]), -1).ok();
    client.get(&root, false).ok();
    client.set(&root, b"", -1).ok();
    client.create(&format!("{root}/x"), b"").ok();
}
