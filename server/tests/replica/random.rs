//! Requests of every kind out of four bytes: mostly sensible, sometimes wrong.

use bytes::BufMut;
use codec::acl::{open_acl_unsafe, perms};
use codec::client::*;
use codec::{Acl, Encode, OpCode, Text, Vector, Xid, Zxid};

use super::ask::{UNKNOWN_OP, encode, frame};
use super::written::BOB;

/// What a request is made of; a smaller one is a simpler request.
pub type Seed = [u8; 4];

const PATHS: [&str; 12] = [
    "/a",
    "/a/x",
    "/a/x/y",
    "/b",
    "/b/s-",
    "/",
    "/a/e",
    "/c",
    "/zookeeper/quota",
    "",
    "/a/",
    "/n\0l",
];
/// How many of them are fit for a node.
pub const GOOD_PATHS: usize = 8;
const DATA: [Option<&[u8]>; 4] = [Some(b"0"), Some(b""), None, Some(b"some more bytes of data")];

/// A path that `n` chooses, rarely a bad one, very rarely none.
fn path(n: u8) -> Text<'static> {
    match n {
        0..=199 => Some(PATHS[n as usize % GOOD_PATHS].into()),
        200..=251 => Some(PATHS[n as usize % PATHS.len()].into()),
        _ => None,
    }
}

fn some_path(n: u8) -> &'static str {
    PATHS[n as usize % GOOD_PATHS]
}

fn acl(n: u8) -> Vector<Acl<'static>> {
    let one =
        |perms, scheme: &'static str, id: &'static str| Some(vec![Acl::new(perms, scheme, id)]);
    match n {
        0..=170 => Some(open_acl_unsafe()),
        171..=185 => one(perms::READ | perms::CREATE, "world", "anyone"),
        186..=205 => one(perms::ALL, "digest", BOB),
        206..=220 => one(perms::ALL, "auth", ""),
        221..=230 => one(perms::ALL & !perms::READ, "world", "anyone"),
        231..=240 => one(perms::READ, "ip", "127.0.0.0/8"),
        241..=246 => one(perms::ALL, "nonsense", "x"),
        247..=251 => Some(Vec::new()),
        _ => None,
    }
}

fn version(n: u8) -> i32 {
    match n {
        0..=150 => -1,
        _ => n as i32 % 4 - 1,
    }
}

fn data(n: u8) -> Option<&'static [u8]> {
    DATA[n as usize % DATA.len()]
}

fn flags(n: u8) -> i32 {
    match n {
        0..=150 => 0,
        151..=190 => 1,
        191..=220 => 2,
        221..=235 => 3,
        _ => n as i32 % 8,
    }
}

fn create_of([_, b, c, d]: Seed) -> CreateRequest<'static> {
    CreateRequest { path: path(b), data: data(c), acl: acl(c), flags: flags(d) }
}

fn ttl_of([_, b, c, d]: Seed) -> CreateTtlRequest<'static> {
    let flags = if d < 230 { 5 + d as i32 % 2 } else { d as i32 % 8 };
    let ttl = if c < 230 { 1000 } else { 230 - c as i64 };
    CreateTtlRequest { path: path(b), data: data(c), acl: acl(d), flags, ttl }
}

fn part([a, b, c, d]: Seed) -> MultiOp<'static> {
    let (path, version) = (path(b), version(d));
    match a % 16 {
        0..=3 => MultiOp::Create(create_of([a, b, c / 2, d])),
        4 | 5 => MultiOp::Create2(create_of([a, b, c / 2, d])),
        6 => MultiOp::CreateContainer(CreateRequest { flags: 4, ..create_of([a, b, c, d]) }),
        7 => MultiOp::CreateTtl(ttl_of([a, b, c, d])),
        8 | 9 => MultiOp::Delete(DeleteRequest { path, version }),
        10..=12 => MultiOp::SetData(SetDataRequest { path, data: data(c), version }),
        _ => MultiOp::Check(CheckVersionRequest { path, version }),
    }
}

fn read_part([a, b, ..]: Seed) -> MultiOp<'static> {
    let (path, watch) = (path(b), true);
    match a {
        0..=120 => MultiOp::GetData(GetDataRequest { path, watch }),
        121..=245 => MultiOp::GetChildren(GetChildrenRequest { path, watch }),
        _ => MultiOp::Delete(DeleteRequest { path, version: -1 }),
    }
}

/// Two to four parts.
fn parts([_, b, c, d]: Seed, one: impl Fn(Seed) -> MultiOp<'static>) -> MultiRequest<'static> {
    let mix = |n: u8, by: u8| n.wrapping_mul(by).wrapping_add(by >> 2);
    let seed = |by: u8| [mix(b, by), mix(c, by), mix(d, by), mix(c ^ d, by)];
    let some = [17, 59, 113, 201];
    MultiRequest { ops: some[..2 + d as usize % 3].iter().map(|by| one(seed(*by))).collect() }
}

fn list(n: u8, null: bool) -> Vector<Text<'static>> {
    let chosen = (0..GOOD_PATHS).filter(|bit| n >> bit & 1 == 1);
    (!null).then(|| chosen.map(|at| Some(PATHS[at].into())).collect())
}

fn set_watches([_, b, c, d]: Seed) -> SetWatches<'static> {
    SetWatches {
        relative_zxid: Zxid(b as i64 / 4),
        data_watches: list(c, false),
        exist_watches: list(d, false),
        child_watches: list(c ^ d, d == 255),
    }
}

fn request(seed: Seed) -> Request<'static> {
    let [a, b, c, d] = seed;
    let (path, watch, version) = (path(b), c.is_multiple_of(2), version(d));
    match a {
        0..=15 => Request::Exists(ExistsRequest { path, watch }),
        16..=35 => Request::GetData(GetDataRequest { path, watch }),
        36..=50 => Request::GetChildren(GetChildrenRequest { path, watch }),
        51..=60 => Request::GetChildren2(GetChildrenRequest { path, watch }),
        61..=95 => Request::Create(create_of(seed)),
        96..=108 => Request::Create2(create_of(seed)),
        109..=113 => Request::CreateContainer(CreateRequest { flags: 4, ..create_of(seed) }),
        114..=119 => Request::CreateTtl(ttl_of(seed)),
        120..=138 => Request::Delete(DeleteRequest { path, version }),
        139..=160 => Request::SetData(SetDataRequest { path, data: data(c), version }),
        161..=167 => Request::SetAcl(SetAclRequest { path, acl: acl(c), version }),
        168..=185 => Request::Multi(parts(seed, part)),
        186..=190 => Request::MultiRead(parts(seed, read_part)),
        191..=193 => Request::GetAcl(GetAclRequest { path }),
        194..=196 => Request::Sync(SyncRequest { path }),
        197..=199 => Request::Ping,
        200..=201 => Request::GetEphemerals(GetEphemeralsRequest { path }),
        202..=203 => Request::GetAllChildrenNumber(GetAllChildrenNumberRequest { path }),
        204 => Request::WhoAmI,
        205..=216 => Request::AddWatch(AddWatchRequest { path, mode: c as i32 % 9 / 4 }),
        217..=220 => Request::CheckWatches(CheckWatchesRequest { path, kind: c as i32 % 7 }),
        221..=226 => Request::RemoveWatches(RemoveWatchesRequest { path, kind: c as i32 % 7 }),
        227..=232 => Request::SetWatches(set_watches(seed)),
        233..=238 => Request::SetWatches2(SetWatches2 {
            one_shot: set_watches(seed),
            persistent_watches: list(b, false),
            persistent_recursive_watches: list(b ^ c, false),
        }),
        239..=243 => auth(c, d),
        244 => Request::Sasl(GetSaslRequest { token: (c < 200).then_some(b"x") }),
        245 => Request::Reconfig(ReconfigRequest {
            joining_servers: None,
            leaving_servers: None,
            new_members: Some("x".into()),
            cur_config_id: -1,
        }),
        _ => Request::CloseSession,
    }
}

fn auth(c: u8, d: u8) -> Request<'static> {
    let (scheme, auth) = match c {
        0..=215 => ("digest", Some(&b"bob:secret"[..])),
        216..=235 => ("ip", None),
        _ => ("nonsense", Some(&b"x"[..])),
    };
    Request::Auth(AuthPacket { auth_type: d as i32, scheme: Some(scheme.into()), auth })
}

/// A frame with its length word. A few are cut short, a few ask for what there is not.
pub fn any_frame(xid: i32, seed: Seed) -> Vec<u8> {
    let [a, b, c, d] = seed;
    match a {
        248..=251 => {
            let whole = encode(xid, &request([c % 239, b, d, c]));
            let cut = 8 + (whole.len() - 12) / 2;
            let op = i32::from_be_bytes(whole[8..12].try_into().unwrap());
            frame(xid, op, &whole[12..4 + cut])
        }
        252 if c < 128 => frame(xid, UNKNOWN_OP, &[]),
        252 => frame(xid, OpCode::Check.code(), &[d]),
        253 => {
            // A multi with a read among its parts.
            let mut body = parts(seed, part).to_bytes();
            body.truncate(body.len() - 9);
            read_part([0, b, c, d]).encode(&mut body);
            MultiHeader::TERMINATOR.encode(&mut body);
            frame(xid, OpCode::Multi.code(), &body)
        }
        254 => {
            let mut body = bytes::BytesMut::new();
            body.put_i32(-1);
            body.put_i32(i32::from(d));
            frame(xid, OpCode::SetData.code(), &body)
        }
        _ => encode(xid, &request(seed)),
    }
}

/// Touches every path, so that every watch left fires.
pub fn last_touch() -> Vec<Request<'static>> {
    let acl = || Some(open_acl_unsafe());
    let all = (0..GOOD_PATHS as u8).map(some_path);
    let ops = all.flat_map(|path| {
        let create = CreateRequest { path: Some(path.into()), data: None, acl: acl(), flags: 0 };
        let set = SetDataRequest { path: Some(path.into()), data: None, version: -1 };
        [Request::Create(create), Request::SetData(set)]
    });
    let mut all: Vec<_> = ops.collect();
    for path in ["/a/x/y", "/a/x", "/a/e", "/a", "/b/s-", "/b", "/c"] {
        all.push(Request::Delete(DeleteRequest { path: Some(path.into()), version: -1 }));
    }
    all
}

/// Not used by any client, and free for all.
pub const FIRST_XID: Xid = Xid(1);
