//! The client port: handshake, headers, request and response records, multi.

pub mod multi;
pub mod request;
pub mod response;

pub use multi::{MultiHeader, MultiOp, MultiRequest};
pub use request::*;
pub use response::*;
