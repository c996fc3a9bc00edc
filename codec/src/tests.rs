//! Properties of every record: what is written reads back, every cut and all random bytes are
//! refused without a panic, and no decoder reserves more than the input could hold.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::client::*;
use crate::disk::*;
use crate::peer::*;
use crate::sample::{Sample, Source};
use crate::txn::*;
use crate::*;

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

fn run(most: usize, property: impl Fn(&[u8])) {
    let mut runner = TestRunner::new(ProptestConfig { cases: 400, ..ProptestConfig::default() });
    let outcome = runner.run(&bytes(most), |entropy| {
        property(&entropy);
        Ok(())
    });
    outcome.unwrap();
}

/// Reads back, leaves what trails, and no proper prefix is such a value.
fn strict<'a, T: Sample<'a> + Encode + PartialEq + std::fmt::Debug>(
    entropy: &'a [u8],
    decode: impl Fn(&[u8]) -> Result<BytesMutPair, DecodeError>,
    min_bytes: usize,
) {
    let value = T::sample(&mut Source(entropy));
    let mut encoded = value.to_bytes();
    let length = encoded.len();
    assert!(length >= min_bytes, "MIN_BYTES {min_bytes} is over {length} of {value:?}");
    for cut in 0..length {
        assert!(decode(&encoded[..cut]).is_err(), "{cut} of {length} bytes of {value:?}");
    }
    encoded.extend_from_slice(b"behind");
    let (debug, left, again) = decode(&encoded).unwrap();
    assert_eq!(debug, format!("{value:?}"));
    assert_eq!((left, &again[..]), (6, &encoded[..length]));
}

/// A decoded value as text, the bytes left, the value encoded again.
type BytesMutPair = (String, usize, Vec<u8>);

fn inspect<'a, T: Decode<'a> + Encode + std::fmt::Debug>(
    input: &'a [u8],
) -> Result<BytesMutPair, DecodeError> {
    match T::decode(input) {
        Ok((rest, value)) => Ok((format!("{value:?}"), rest.len(), value.to_bytes().to_vec())),
        Err(nom::Err::Error(error)) => Err(error),
        Err(other) => panic!("a failure that is not an error: {other:?}"),
    }
}

macro_rules! records {
    ($($test:ident: $($type:ident $(<$life:lifetime>)?),*;)*) => { $(
        #[test]
        fn $test() {
            $(
                run(160, |entropy| strict::<$type>(
                    entropy,
                    |input| inspect::<$type>(input),
                    $type::MIN_BYTES,
                ));
                run(100, |noise| { let _ = inspect::<$type>(noise); });
            )*
        }
    )* };
}

records! {
    shared_records: Id, Acl, Stat, StatPersisted;
    handshake_and_header_records: ConnectRequest, ConnectResponse, RequestHeader, ReplyHeader;
    write_request_records: CreateRequest, CreateTtlRequest, DeleteRequest, SetDataRequest,
        SetAclRequest, CheckVersionRequest, ReconfigRequest, CreateSessionRequest,
        DeleteContainerRequest;
    read_request_records: ExistsRequest, GetDataRequest, GetChildrenRequest, GetAclRequest,
        SyncRequest, GetEphemeralsRequest, GetAllChildrenNumberRequest;
    session_request_records: AuthPacket, GetSaslRequest, CheckWatchesRequest,
        RemoveWatchesRequest, AddWatchRequest, SetWatches, SetWatches2;
    multi_records: MultiHeader, MultiRequest, MultiResponse;
    write_response_records: CreateResponse, Create2Response, SetDataResponse, SetAclResponse,
        ErrorResponse;
    read_response_records: ExistsResponse, GetDataResponse, GetAclResponse, GetChildrenResponse,
        GetChildren2Response, GetAllChildrenNumberResponse, GetEphemeralsResponse, SyncResponse;
    session_response_records: SetSaslResponse, WatcherEvent, ClientInfo, WhoAmIResponse;
    txn_records: TxnHeader, TxnDigest, CreateTxn, CreateContainerTxn, CreateTtlTxn, DeleteTxn,
        SetDataTxn, SetAclTxn, CheckVersionTxn, CreateSessionTxn, CloseSessionTxn, ErrorTxn,
        SubTxn, MultiTxn;
    disk_records: FileHeader, SessionEntry, AclEntry, NodeRecord, DigestSection;
    peer_records: QuorumPacket, QuorumAuthPacket, SessionTouch, RevalidateAnswer;
}

impl<'a> Sample<'a> for DigestSection<'a> {
    fn sample(source: &mut Source<'a>) -> Self {
        let (zxid, old) = (Sample::sample(source), source.below(2) == 1);
        let digest = match old {
            true => DigestValue::Hex(Sample::sample(source)),
            false => DigestValue::Number(Sample::sample(source)),
        };
        DigestSection { zxid, version: if old { 1 } else { 2 }, digest }
    }
}

impl<'a> Sample<'a> for MultiResponse<'a> {
    fn sample(source: &mut Source<'a>) -> Self {
        let result = |source: &mut Source<'a>| match source.below(8) {
            0 => MultiResult::Create(Sample::sample(source)),
            1 => MultiResult::Create2(Sample::sample(source)),
            2 => MultiResult::Delete,
            3 => MultiResult::SetData(Sample::sample(source)),
            4 => MultiResult::Check,
            5 => MultiResult::GetData(Sample::sample(source)),
            6 => MultiResult::GetChildren(Sample::sample(source)),
            _ => MultiResult::Error(Sample::sample(source)),
        };
        let count = source.below(5);
        MultiResponse { results: (0..count).map(|_| result(source)).collect() }
    }
}

fn responses<'a>(source: &mut Source<'a>) -> Vec<(OpCode, Response<'a>)> {
    vec![
        (OpCode::Delete, Response::Empty),
        (OpCode::Create, Response::Create(Sample::sample(source))),
        (OpCode::Create2, Response::Create2(Sample::sample(source))),
        (OpCode::Exists, Response::Exists(Sample::sample(source))),
        (OpCode::GetData, Response::GetData(Sample::sample(source))),
        (OpCode::Reconfig, Response::GetData(Sample::sample(source))),
        (OpCode::SetData, Response::SetData(Sample::sample(source))),
        (OpCode::GetAcl, Response::GetAcl(Sample::sample(source))),
        (OpCode::SetAcl, Response::SetAcl(Sample::sample(source))),
        (OpCode::GetChildren, Response::GetChildren(Sample::sample(source))),
        (OpCode::GetChildren2, Response::GetChildren2(Sample::sample(source))),
        (OpCode::Sync, Response::Sync(Sample::sample(source))),
        (OpCode::Multi, Response::Multi(Sample::sample(source))),
        (OpCode::MultiRead, Response::Multi(Sample::sample(source))),
        (OpCode::Sasl, Response::Sasl(Sample::sample(source))),
        (OpCode::GetEphemerals, Response::GetEphemerals(Sample::sample(source))),
        (OpCode::GetAllChildrenNumber, Response::GetAllChildrenNumber(Sample::sample(source))),
        (OpCode::AddWatch, Response::AddWatch(Sample::sample(source))),
        (OpCode::WhoAmI, Response::WhoAmI(Sample::sample(source))),
        (OpCode::Notification, Response::Event(Sample::sample(source))),
    ]
}

fn bodies<'a>(source: &mut Source<'a>) -> Vec<TxnBody<'a>> {
    vec![
        TxnBody::Create(Sample::sample(source)),
        TxnBody::Create2(Sample::sample(source)),
        TxnBody::CreateContainer(Sample::sample(source)),
        TxnBody::CreateTtl(Sample::sample(source)),
        TxnBody::Delete(Sample::sample(source)),
        TxnBody::DeleteContainer(Sample::sample(source)),
        TxnBody::SetData(Sample::sample(source)),
        TxnBody::Reconfig(Sample::sample(source)),
        TxnBody::SetAcl(Sample::sample(source)),
        TxnBody::Check(Sample::sample(source)),
        TxnBody::Multi(Sample::sample(source)),
        TxnBody::CreateSession(Sample::sample(source)),
        TxnBody::CloseSession(Some(Sample::sample(source))),
        TxnBody::Error(Sample::sample(source)),
    ]
}

#[test]
fn every_request_reads_back_by_its_op_code() {
    run(600, |entropy| {
        let requests = Request::samples(&mut Source(entropy));
        assert_eq!(requests.len(), 31, "a new op code needs a place here");
        for request in requests {
            let body = request.to_bytes();
            let op = request.op().code();
            assert_eq!(Request::decode(op, &body), Ok(request.clone()));
            for cut in 0..body.len() {
                assert!(Request::decode(op, &body[..cut]).is_err(), "{cut} bytes of {request:?}");
            }
        }
    });
    for op in [-1, 0, 10, 23, 99, 108, 999] {
        assert_eq!(Request::decode(op, &[0; 64]), Err(DecodeError::UnknownType(op)));
    }
}

#[test]
fn a_container_deletion_of_older_servers_is_the_bare_path() {
    let Ok(Request::DeleteContainer(request)) = Request::decode(20, b"/a/b") else {
        panic!("not decoded");
    };
    assert_eq!(request, DeleteContainerRequest { path: Some(b"/a/b"), bare: true });
    assert_eq!(&request.to_bytes()[..], b"/a/b");
}

#[test]
fn every_answer_reads_back_by_the_op_code_of_its_request() {
    run(600, |entropy| {
        for (op, body) in responses(&mut Source(entropy)) {
            let xid = if op == OpCode::Notification { Xid(-1) } else { Xid(5) };
            let reply = Reply { header: ReplyHeader { xid, zxid: Zxid(7), err: 0 }, body };
            let bytes = reply.to_bytes();
            assert_eq!(Reply::decode(op.code(), &bytes), Ok(reply.clone()));
            for cut in 0..bytes.len() {
                assert!(Reply::decode(op.code(), &bytes[..cut]).is_err(), "{cut} of {reply:?}");
            }
        }
    });
}

#[test]
fn errors_have_no_body_but_for_sasl_and_multi_read() {
    assert_eq!(Response::decode(4, -101, b""), Ok(Response::Empty));
    let token = Response::Sasl(SetSaslResponse { token: None });
    assert_eq!(Response::decode(102, -115, &[0xff; 4]), Ok(token));
    let results = Response::Multi(MultiResponse { results: vec![MultiResult::Error(-101)] });
    assert_eq!(Response::decode(22, -5, &results.to_bytes()), Ok(results));
}

#[test]
fn every_txn_reads_back_with_and_without_a_digest() {
    run(600, |entropy| {
        let source = &mut Source(entropy);
        let (mut header, digest) = (TxnHeader::sample(source), TxnDigest::sample(source));
        for body in bodies(source) {
            header.txn_type = body.op().code();
            for digest in [None, Some(digest)] {
                let txn = Txn { header, body: body.clone(), digest };
                if two_empty_paths(&txn.body) {
                    continue;
                }
                let mut bytes = txn.to_bytes();
                assert_eq!(Txn::from_bytes(&bytes), Ok(txn.clone()));
                bytes.extend_from_slice(&[1; 11]);
                if digest.is_none() {
                    assert_eq!(Txn::from_bytes(&bytes), Ok(txn));
                }
            }
        }
    });
}

#[test]
fn every_cut_of_a_txn_is_refused_or_has_no_digest() {
    run(300, |entropy| {
        let source = &mut Source(entropy);
        let digest = Some(TxnDigest::sample(source));
        let mut header = TxnHeader::sample(source);
        for body in bodies(source) {
            header.txn_type = body.op().code();
            let bytes = Txn { header, body, digest }.to_bytes();
            for cut in 0..bytes.len() {
                let read = Txn::from_bytes(&bytes[..cut]);
                // A closeSession that is cut may read as the empty body of older servers.
                let old = header.txn_type == OpCode::CloseSession.code();
                // A create may read as that of servers before 3.4, without its last 4 bytes.
                let v0 = matches!(header.txn_type, 1 | 15) && cut == bytes.len() - 16;
                assert!(old || v0 || read.is_err() || cut >= bytes.len() - 12, "cut at {cut}");
                assert!(old || read.is_err() || read.is_ok_and(|txn| txn.digest.is_none()));
            }
        }
    });
}

/// In these 12 bytes a digest is read: nobody writes such paths.
fn two_empty_paths(body: &TxnBody<'_>) -> bool {
    let TxnBody::CloseSession(Some(body)) = body else {
        return false;
    };
    let empty = |path: &Text<'_>| path.as_deref().unwrap_or_default().is_empty();
    body.paths_to_delete.as_ref().is_some_and(|p| p.len() == 2 && p.iter().all(empty))
}

#[test]
fn a_create_of_servers_before_3_4_has_no_parent_cversion() {
    let body = CreateTxn {
        path: Some("/a".into()),
        data: None,
        acl: None,
        ephemeral: true,
        parent_cversion: -1,
    };
    let bytes = body.to_bytes();
    let old = TxnBody::decode(1, &bytes[..bytes.len() - 4]).unwrap();
    assert_eq!(old, (&[][..], TxnBody::Create(body)));
}

#[test]
fn what_vectors_hold_is_bounded_by_its_bytes() {
    fn factor<'a, T: Decode<'a>>() -> usize {
        size_of::<T>().div_ceil(T::MIN_BYTES)
    }
    let factors = [
        factor::<Text>(),
        factor::<Id>(),
        factor::<Acl>(),
        factor::<ClientInfo>(),
        factor::<SubTxn>(),
        factor::<SessionEntry>(),
        factor::<AclEntry>(),
    ];
    assert!(factors.iter().all(|factor| *factor <= 6), "{factors:?}");
    // Parts of multi have no count in front; the smallest are a header alone, or one and a path.
    let (asked, answered) = (size_of::<MultiOp>().div_ceil(14), size_of::<MultiResult>() / 9);
    assert!(asked <= 8 && answered <= 12, "{asked} {answered}");
}

#[test]
fn an_empty_close_session_may_have_a_digest_behind_it() {
    let header = TxnHeader {
        client_id: SessionId(1),
        cxid: Xid(2),
        zxid: Zxid(3),
        time: 4,
        txn_type: OpCode::CloseSession.code(),
    };
    for tree_digest in [None, Some(0x51c6_d660), Some(0), Some(-1)] {
        let digest = tree_digest.map(|tree_digest| TxnDigest { version: 2, tree_digest });
        let txn = Txn { header, body: TxnBody::CloseSession(None), digest };
        assert_eq!(Txn::from_bytes(&txn.to_bytes()), Ok(txn));
    }
}

#[test]
fn noise_never_panics_anywhere() {
    run(300, |noise| {
        for op in -12..110 {
            let _ = Request::decode(op, noise);
            let _ = Response::decode(op, 0, noise);
            let _ = TxnBody::decode(op, noise);
        }
        let _ = (Txn::from_bytes(noise), ConnectFrame::from_bytes(noise));
        let _ = (cut_packet(noise, 100), peer::auth::cut_auth_packet(noise, 100));
        let _ = (peer::election::cut_handshake(noise), peer::election::cut_message(noise));
        let _ = (Notification::decode_message(noise), ConfigText::parse(noise));
        let _ = (LearnerInfo::from_data(Some(noise)), ForwardedRequest::from_bytes(noise));
        let _ = (parse_log_record(noise, 1000), SnapshotTail::decode(noise));
        let mut cursor = SnapshotCursor::new(1000);
        let mut rest = noise;
        while let Ok(Some((item, used))) = cursor.next(rest) {
            rest = &rest[used..];
            if item == SnapshotItem::End {
                break;
            }
        }
    });
}

#[test]
fn noise_in_frames_never_panics_and_frames_lie_within_it() {
    run(300, |noise| {
        let mut buffer = bytes::BytesMut::from(noise);
        while let Ok(batch) = cut_batch(&mut buffer, 50) {
            if batch.is_empty() {
                break;
            }
            assert!(batch.payloads().all(|payload| (1..=50).contains(&payload.len())));
        }
    });
}

#[test]
fn configurations_read_back_from_any_members() {
    run(80, |entropy| {
        let source = &mut Source(entropy);
        let mut config =
            ConfigText { version: i64::sample(source) & i64::MAX, ..ConfigText::default() };
        for sid in 0..source.below(6) as i64 {
            let host = ["zoo1", "10.0.0.1", "::1", "2001:db8::7"][source.below(4)].to_owned();
            let port = source.below(256) as u16;
            let address = PeerAddress { host: host.clone(), quorum_port: port, election_port: 1 };
            let role = [Role::Participant, Role::Observer][source.below(2)];
            let client = (source.below(2) == 1).then(|| HostPort::new(host, port));
            let addresses = vec![address; 1 + source.below(2)];
            config.servers.insert(ServerId(sid), ServerSpec { addresses, role, client });
            if source.below(2) == 1 {
                config.groups.insert(sid, [ServerId(sid)].into());
            }
        }
        let text = config.to_string();
        let back = ConfigText::parse(text.as_bytes()).unwrap();
        assert!(back.same_as(&config), "{text}");
        assert_eq!(back.to_string(), text);
    });
}
