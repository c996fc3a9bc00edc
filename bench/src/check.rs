//! Whether a reply is the right one: number, order, error, and a body that belongs to its request.

use codec::client::multi_response::{MultiResponse, MultiResult};
use codec::client::response::{GetDataResponse, ReplyHeader, SetDataResponse};
use codec::{Buffer, Decode, ErrorCode};

use crate::frames::{Kind, Template, stamp};

/// What the run wrote, so what its replies must tell.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Bytes of every value.
    pub value: usize,
    /// Names in every listing.
    pub children: usize,
    /// Parts of every multi.
    pub parts: usize,
    /// Whether a create of what is there already is as good as a create.
    pub may_exist: bool,
}

/// A request that waits for its reply.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Its number.
    pub xid: i32,
    /// Index of its template.
    pub template: usize,
    /// Its key.
    pub key: u64,
    /// When it was sent, or should have been, in ns of the run.
    pub since: u64,
}

/// Checks one reply; the text says what is wrong with it.
///
/// # Errors
/// The text.
pub fn check(
    sent: &Sent,
    template: &mut Template,
    shape: &Shape,
    header: ReplyHeader,
    body: &[u8],
) -> Result<(), String> {
    if header.xid.0 != sent.xid {
        return Err(format!("reply {} came where {} was due", header.xid, sent.xid));
    }
    let exists = shape.may_exist && header.err == ErrorCode::NodeExists.code();
    if template.kind == Kind::Create && exists {
        return Ok(());
    }
    if header.err != 0 {
        let name = ErrorCode::from_code(header.err);
        return Err(format!("{:?} of key {}: error {name:?}", template.kind, sent.key));
    }
    let right = match template.kind {
        Kind::Create => Buffer::from_bytes(body)
            .is_ok_and(|path| path.is_some_and(|path| template.is_path(sent.key, path))),
        Kind::Get => is_value(body, shape.value, sent.key),
        Kind::Set => SetDataResponse::from_bytes(body)
            .is_ok_and(|set| set.stat.data_length == shape.value as i32 && set.stat.version > 0),
        Kind::Children => is_listing(body, shape.children),
        Kind::Multi => is_multi(body, shape),
    };
    match right {
        true => Ok(()),
        false => Err(format!("{:?} of key {}: the body is not its own", template.kind, sent.key)),
    }
}

fn is_value(body: &[u8], len: usize, key: u64) -> bool {
    GetDataResponse::from_bytes(body).is_ok_and(|got| {
        got.data.is_some_and(|data| data.len() == len && stamp(data) == Some(key))
            && got.stat.data_length == len as i32
    })
}

/// Walks the names without keeping them.
fn is_listing(body: &[u8], count: usize) -> bool {
    let Ok((mut rest, claimed)) = i32::decode(body) else { return false };
    for _ in 0..claimed.max(0) {
        match Buffer::decode(rest) {
            Ok((after, Some(name))) if !name.is_empty() => rest = after,
            _ => return false,
        }
    }
    claimed as usize == count && rest.is_empty()
}

fn is_multi(body: &[u8], shape: &Shape) -> bool {
    let is_part = |part: &MultiResult<'_>| match part {
        MultiResult::SetData(set) => set.stat.data_length == shape.value as i32,
        _ => false,
    };
    MultiResponse::from_bytes(body)
        .is_ok_and(|all| all.results.len() == shape.parts && all.results.iter().all(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::{Pattern, value};
    use codec::{Encode, Stat, Xid, Zxid};

    const SHAPE: Shape = Shape { value: 100, children: 2, parts: 1, may_exist: false };

    fn verdict(kind: Template, header: (i32, i32), body: &[u8]) -> Result<(), String> {
        let sent = Sent { xid: 9, template: 0, key: 3, since: 0 };
        let header = ReplyHeader { xid: Xid(header.0), zxid: Zxid(1), err: header.1 };
        check(&sent, &mut { kind }, &SHAPE, header, body)
    }

    fn data(key: u64) -> Vec<u8> {
        let mut data = value(100);
        data[..8].copy_from_slice(&key.to_be_bytes());
        let stat = Stat { data_length: 100, ..Stat::default() };
        GetDataResponse { data: Some(&data), stat }.to_bytes().to_vec()
    }

    #[test]
    fn a_right_answer_passes_and_every_wrong_one_is_told() {
        let get = || Template::get(Pattern::filled(100), false);
        assert_eq!(verdict(get(), (9, 0), &data(3)), Ok(()));
        assert!(verdict(get(), (8, 0), &data(3)).unwrap_err().contains("was due"));
        assert!(verdict(get(), (9, -101), &[]).unwrap_err().contains("NoNode"));
        assert!(verdict(get(), (9, 0), &data(4)).unwrap_err().contains("not its own"));
        assert!(verdict(get(), (9, 0), &data(3)[..50]).is_err());
    }

    #[test]
    fn a_create_must_answer_with_its_path() {
        let create = || Template::create(Pattern::filled(100), 100);
        let path = |text: &str| codec::Text::Some(text.to_owned().into()).to_bytes();
        assert_eq!(verdict(create(), (9, 0), &path("/f100/0000/003")), Ok(()));
        assert!(verdict(create(), (9, 0), &path("/f100/0000/004")).is_err());
        assert!(verdict(create(), (9, -110), &[]).is_err());
    }

    #[test]
    fn a_listing_must_have_all_names() {
        let list = || Template::children(Pattern::fixed("/f"));
        let names = |n: usize| vec![codec::Text::Some("a".into()); n].to_bytes();
        assert_eq!(verdict(list(), (9, 0), &names(2)), Ok(()));
        assert!(verdict(list(), (9, 0), &names(1)).is_err());
    }
}
