//! Op codes and error codes.

macro_rules! codes {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vm:meta])* $variant:ident = $value:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i32)]
        pub enum $name { $($(#[$vm])* $variant = $value,)* }

        impl $name {
            /// The number on the wire.
            pub const fn code(self) -> i32 {
                self as i32
            }

            /// The value with this number, if there is one.
            pub const fn from_code(code: i32) -> Option<Self> {
                match code { $($value => Some($name::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    /// Operation numbers of request headers, txn headers and multi headers.
    pub enum OpCode {
        /// Server to client only.
        Notification = 0,
        /// create.
        Create = 1,
        /// delete.
        Delete = 2,
        /// exists.
        Exists = 3,
        /// getData.
        GetData = 4,
        /// setData.
        SetData = 5,
        /// getACL.
        GetAcl = 6,
        /// setACL.
        SetAcl = 7,
        /// getChildren.
        GetChildren = 8,
        /// sync.
        Sync = 9,
        /// ping.
        Ping = 11,
        /// getChildren with the parent's Stat.
        GetChildren2 = 12,
        /// check a version; only inside multi.
        Check = 13,
        /// multi.
        Multi = 14,
        /// create that answers with the Stat.
        Create2 = 15,
        /// reconfig.
        Reconfig = 16,
        /// checkWatches.
        CheckWatches = 17,
        /// removeWatches.
        RemoveWatches = 18,
        /// createContainer.
        CreateContainer = 19,
        /// Internal to servers.
        DeleteContainer = 20,
        /// createTTL.
        CreateTtl = 21,
        /// multiRead.
        MultiRead = 22,
        /// auth.
        Auth = 100,
        /// setWatches.
        SetWatches = 101,
        /// sasl.
        Sasl = 102,
        /// getEphemerals.
        GetEphemerals = 103,
        /// getAllChildrenNumber.
        GetAllChildrenNumber = 104,
        /// setWatches2.
        SetWatches2 = 105,
        /// addWatch.
        AddWatch = 106,
        /// whoAmI.
        WhoAmI = 107,
        /// Internal to servers.
        CreateSession = -10,
        /// closeSession.
        CloseSession = -11,
        /// Type of error txns and error results.
        Error = -1,
    }
}

codes! {
    /// Error codes of reply headers and error txns.
    pub enum ErrorCode {
        /// No error.
        Ok = 0,
        /// SYSTEMERROR.
        SystemError = -1,
        /// RUNTIMEINCONSISTENCY: in multi results, "not executed".
        RuntimeInconsistency = -2,
        /// DATAINCONSISTENCY.
        DataInconsistency = -3,
        /// MARSHALLINGERROR.
        MarshallingError = -5,
        /// UNIMPLEMENTED.
        Unimplemented = -6,
        /// BADARGUMENTS.
        BadArguments = -8,
        /// UNKNOWNSESSION.
        UnknownSession = -12,
        /// NEWCONFIGNOQUORUM.
        NewConfigNoQuorum = -13,
        /// RECONFIGINPROGRESS.
        ReconfigInProgress = -14,
        /// NONODE.
        NoNode = -101,
        /// NOAUTH.
        NoAuth = -102,
        /// BADVERSION.
        BadVersion = -103,
        /// NOCHILDRENFOREPHEMERALS.
        NoChildrenForEphemerals = -108,
        /// NODEEXISTS.
        NodeExists = -110,
        /// NOTEMPTY.
        NotEmpty = -111,
        /// SESSIONEXPIRED.
        SessionExpired = -112,
        /// INVALIDACL.
        InvalidAcl = -114,
        /// AUTHFAILED.
        AuthFailed = -115,
        /// SESSIONMOVED: never sent to a client, the connection is closed instead.
        SessionMoved = -118,
        /// NOTREADONLY.
        NotReadOnly = -119,
        /// EPHEMERALONLOCALSESSION.
        EphemeralOnLocalSession = -120,
        /// NOWATCHER.
        NoWatcher = -121,
        /// RECONFIGDISABLED.
        ReconfigDisabled = -123,
        /// SESSIONCLOSEDREQUIRESASLAUTH.
        SessionClosedRequireSaslAuth = -124,
        /// QUOTAEXCEEDED.
        QuotaExceeded = -125,
        /// THROTTLEDOP.
        ThrottledOp = -127,
    }
}

pub(crate) use codes;
