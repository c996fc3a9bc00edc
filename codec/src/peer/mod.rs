//! The server-to-server ports: quorum packets, election messages, SASL packets, configuration
//! text.
//!
//! Layout only: who leads, who may connect and what a packet changes belongs to the quorum room.

pub mod address;
pub mod auth;
pub mod config_text;
pub mod election;
pub mod packet;
pub mod payload;
pub mod properties;
pub mod server_spec;

pub use address::HostPort;
pub use auth::QuorumAuthPacket;
pub use config_text::{ConfigText, ConfigTextError};
pub use election::{Handshake, HandshakeVersion, Notification, PeerState};
pub use packet::{PacketType, QuorumPacket, cut_packet};
pub use payload::{
    Activation, ForwardedRequest, LearnerInfo, RevalidateAnswer, RevalidateRequest, SessionTouch,
};
pub use server_spec::{PeerAddress, Role, ServerSpec};
