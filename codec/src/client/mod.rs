//! The client port: frames, four-letter words, handshake, headers, request and response records,
//! multi.

pub mod connect;
pub mod four_letter;
pub mod frame;
pub mod multi;
pub mod multi_response;
pub mod replies;
pub mod request;
pub mod requests;
pub mod response;

pub use connect::ConnectReply;
pub use four_letter::FourLetterWord;
pub use frame::{Batch, FrameError, FrameMark, begin_frame, cut_batch, cut_frame, end_frame};
pub use multi::{MultiHeader, MultiOp, MultiRequest};
pub use multi_response::{MultiResponse, MultiResult};
pub use replies::{Reply, Response};
pub use request::*;
pub use requests::{CreateSessionRequest, DeleteContainerRequest, Request};
pub use response::*;
