//! Ids, access control entries and permission bits.

use std::borrow::Cow;

use crate::jute::{Text, record};

/// Permission bits of an ACL entry. Stored and returned unchecked, as ZooKeeper does.
pub mod perms {
    /// getData, getChildren, exists, check.
    pub const READ: i32 = 1;
    /// setData.
    pub const WRITE: i32 = 2;
    /// Creating a child.
    pub const CREATE: i32 = 4;
    /// Deleting a child.
    pub const DELETE: i32 = 8;
    /// setACL.
    pub const ADMIN: i32 = 16;
    /// All of them.
    pub const ALL: i32 = 31;
}

record! {
    /// Wire record `Id`: an authentication scheme and a name within it.
    pub struct Id<'a> {
        /// `world`, `digest`, `ip`, …
        pub scheme: Text<'a>,
        /// The name in that scheme.
        pub id: Text<'a>,
    }
}

record! {
    /// Wire record `ACL`.
    pub struct Acl<'a> {
        /// Bits of [`perms`].
        pub perms: i32,
        /// Whom the bits are granted to.
        pub id: Id<'a>,
    }
}

/// An ACL list that stands on its own.
pub type AclList = Vec<Acl<'static>>;

impl<'a> Id<'a> {
    /// The id `scheme:id`.
    pub fn new(scheme: impl Into<Cow<'a, str>>, id: impl Into<Cow<'a, str>>) -> Self {
        Id { scheme: Some(scheme.into()), id: Some(id.into()) }
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Id<'static> {
        let own = |text: Text<'a>| text.map(|text| Cow::Owned(text.into_owned()));
        Id { scheme: own(self.scheme), id: own(self.id) }
    }
}

impl<'a> Acl<'a> {
    /// An entry that grants `perms` to `scheme:id`.
    pub fn new(perms: i32, scheme: impl Into<Cow<'a, str>>, id: impl Into<Cow<'a, str>>) -> Self {
        Acl { perms, id: Id::new(scheme, id) }
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Acl<'static> {
        Acl { perms: self.perms, id: self.id.into_owned() }
    }
}

/// `world:anyone` with all permissions: what an open node carries.
pub fn open_acl_unsafe() -> AclList {
    vec![Acl::new(perms::ALL, "world", "anyone")]
}
