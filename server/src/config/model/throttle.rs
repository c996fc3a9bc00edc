//! Throttles of connects and requests: the values of client-protocol section 18. How a throttle
//! works is the shell's matter.

use crate::config::settings::Settings;

/// All throttles; each is off by default.
#[derive(Debug, Clone, PartialEq)]
pub struct Throttle {
    /// The rate of accepted ConnectRequests; `None` = off.
    pub connection: Option<ConnectionThrottle>,
    /// Requests in the pipeline before connections stall; `None` = off.
    pub request: Option<RequestThrottle>,
    /// Requests that waited longer than this are answered ThrottledOp; `None` = off. Milliseconds.
    pub throttled_op_wait_time_ms: Option<u64>,
    /// How long stopping waits for the throttler's queue, in milliseconds.
    pub request_throttler_shutdown_ms: u64,
}

/// A token bucket on ConnectRequests.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionThrottle {
    /// Size of the bucket; 1 or more.
    pub tokens: u32,
    /// Milliseconds between two refills.
    pub fill_time_ms: u64,
    /// Tokens per refill.
    pub fill_count: u32,
    /// Milliseconds between two changes of the drop probability; `None` = no random drop.
    pub freeze_time_ms: Option<u64>,
    /// Step up of the drop probability, 0 to 1.
    pub drop_increase: f64,
    /// Step down of the drop probability, 0 to 1.
    pub drop_decrease: f64,
    /// Token deficit, as a share, below which the probability steps down.
    pub decrease_ratio: f64,
    /// Tokens by kind of session; `None` = one each.
    pub weights: Option<SessionWeights>,
}

/// Tokens that a connect costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionWeights {
    /// A new global session.
    pub global: u32,
    /// A new local session.
    pub local: u32,
    /// A session that is attached again.
    pub renew: u32,
}

/// The throttle in front of the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestThrottle {
    /// Requests in the pipeline before others wait; 1 or more.
    pub max_requests: u32,
    /// Milliseconds a wait lasts before it looks again.
    pub stall_time_ms: u64,
    /// What is done about requests that nobody waits for.
    pub stale: StaleRequests,
}

/// Which waiting requests are dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleRequests {
    /// Whether stale requests are dropped at all.
    pub drop: bool,
    /// A request older than its session's timeout is stale.
    pub latency_check: bool,
    /// A request whose connection is closed is stale.
    pub connection_check: bool,
}

impl Throttle {
    pub(super) fn from_settings(s: &Settings) -> Self {
        let connecting = s.above_zero("connection_throttle_tokens").is_some();
        let requesting = s.above_zero("request_throttle_max_requests").is_some();
        Throttle {
            connection: connecting.then(|| ConnectionThrottle::from_settings(s)),
            request: requesting.then(|| RequestThrottle::from_settings(s)),
            throttled_op_wait_time_ms: s.above_zero("throttled_op_wait_time"),
            request_throttler_shutdown_ms: s.unsigned("request_throttler.shutdownTimeout"),
        }
    }
}

impl ConnectionThrottle {
    fn from_settings(s: &Settings) -> Self {
        let weighted = s.flag("connection_throttle_weight_enabled");
        ConnectionThrottle {
            tokens: s.unsigned32("connection_throttle_tokens"),
            fill_time_ms: s.unsigned("connection_throttle_fill_time"),
            fill_count: s.unsigned32("connection_throttle_fill_count"),
            freeze_time_ms: s.above_zero("connection_throttle_freeze_time"),
            drop_increase: s.real("connection_throttle_drop_increase"),
            drop_decrease: s.real("connection_throttle_drop_decrease"),
            decrease_ratio: s.real("connection_throttle_decrease_ratio"),
            weights: weighted.then(|| SessionWeights::from_settings(s)),
        }
    }
}

impl SessionWeights {
    fn from_settings(s: &Settings) -> Self {
        SessionWeights {
            global: s.unsigned32("connection_throttle_global_session_weight"),
            local: s.unsigned32("connection_throttle_local_session_weight"),
            renew: s.unsigned32("connection_throttle_renew_session_weight"),
        }
    }
}

impl RequestThrottle {
    fn from_settings(s: &Settings) -> Self {
        RequestThrottle {
            max_requests: s.unsigned32("request_throttle_max_requests"),
            stall_time_ms: s.unsigned("request_throttle_stall_time"),
            stale: StaleRequests {
                drop: s.flag("request_throttle_drop_stale"),
                latency_check: s.flag("request_stale_latency_check"),
                connection_check: s.flag("request_stale_connection_check"),
            },
        }
    }
}
