//! How many connect requests are let in: a token bucket, and a drop probability that rises while
//! the bucket stays empty. Random numbers and times are passed in; closing the socket is the
//! caller's part.

/// What a ConnectRequest asks for; each costs its own number of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectKind {
    /// A new session that the ensemble must agree on.
    Global,
    /// A session that exists already.
    Renew,
    /// A new session of this server alone.
    Local,
}

/// Tokens per connect request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights {
    /// `connection_throttle_global_session_weight`.
    pub global: u32,
    /// `connection_throttle_renew_session_weight`.
    pub renew: u32,
    /// `connection_throttle_local_session_weight`.
    pub local: u32,
}

impl Default for Weights {
    fn default() -> Self {
        Weights { global: 3, renew: 2, local: 1 }
    }
}

/// How the drop probability adapts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Freeze {
    /// `connection_throttle_freeze_time`: ms between two adaptations.
    pub time_ms: u64,
    /// `connection_throttle_drop_increase`: step up when the bucket is empty.
    pub increase: f64,
    /// `connection_throttle_drop_decrease`: step down when it is full enough.
    pub decrease: f64,
    /// `connection_throttle_decrease_ratio`: it is full enough when at most this part of the
    /// tokens is missing.
    pub decrease_ratio: f64,
}

/// The settings of `connection_throttle_*`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThrottleRules {
    /// Size of the bucket; 0 turns the throttle off.
    pub tokens: u32,
    /// Milliseconds between refills.
    pub fill_time_ms: u64,
    /// Tokens per refill.
    pub fill_count: u32,
    /// None while `freeze_time` is -1: nothing is dropped at random.
    pub freeze: Option<Freeze>,
    /// None while weights are off: every connect request costs one token.
    pub weights: Option<Weights>,
}

impl Default for ThrottleRules {
    fn default() -> Self {
        ThrottleRules { tokens: 0, fill_time_ms: 1, fill_count: 1, freeze: None, weights: None }
    }
}

/// The throttle's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Go on; the tokens are taken.
    Admitted,
    /// Close without a response: too few tokens are left.
    NoTokens,
    /// Close without a response: dropped at random.
    Dropped,
}

/// The bucket and its state. Times are monotonic milliseconds.
///
/// Invariant: `available <= rules.tokens`, `0 <= drop_chance <= 1`.
#[derive(Debug, Clone)]
pub struct ConnectThrottle {
    rules: ThrottleRules,
    available: u32,
    filled_at: u64,
    adapted_at: u64,
    drop_chance: f64,
}

impl ConnectThrottle {
    /// A full bucket.
    pub fn new(rules: ThrottleRules, now: u64) -> Self {
        ConnectThrottle {
            rules,
            available: rules.tokens,
            filled_at: now,
            adapted_at: now,
            drop_chance: 0.0,
        }
    }

    /// Decides over one connect request. `random` is uniform in [0, 1).
    pub fn admit(&mut self, kind: ConnectKind, now: u64, random: f64) -> Admission {
        if self.rules.tokens == 0 {
            return Admission::Admitted;
        }
        self.refill(now);
        self.adapt(now);
        if random < self.drop_chance {
            return Admission::Dropped;
        }
        match self.available.checked_sub(self.cost(kind)) {
            Some(rest) => {
                self.available = rest;
                Admission::Admitted
            }
            None => Admission::NoTokens,
        }
    }

    /// Probability with which a connect request is dropped at present, for the metrics.
    pub fn drop_chance(&self) -> f64 {
        self.drop_chance
    }

    /// Tokens that are missing from the bucket as of the last request, for the metrics.
    pub fn deficit(&self) -> u32 {
        self.rules.tokens - self.available
    }

    /// A request that costs more than the bucket holds would never get in: a full bucket pays it.
    fn cost(&self, kind: ConnectKind) -> u32 {
        let cost = match (self.rules.weights, kind) {
            (None, _) => 1,
            (Some(weights), ConnectKind::Global) => weights.global,
            (Some(weights), ConnectKind::Renew) => weights.renew,
            (Some(weights), ConnectKind::Local) => weights.local,
        };
        cost.min(self.rules.tokens)
    }

    /// Adds whole refills only, and keeps the rest of the time for the next one.
    fn refill(&mut self, now: u64) {
        let every = self.rules.fill_time_ms.max(1);
        let refills = now.saturating_sub(self.filled_at) / every;
        self.filled_at = self.filled_at.saturating_add(refills.saturating_mul(every));
        let tokens = refills.saturating_mul(u64::from(self.rules.fill_count));
        let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
        self.available = self.available.saturating_add(tokens).min(self.rules.tokens);
    }

    fn adapt(&mut self, now: u64) {
        let Some(freeze) = self.rules.freeze else {
            return;
        };
        if now.saturating_sub(self.adapted_at) <= freeze.time_ms {
            return;
        }
        self.adapted_at = now;
        let low = (f64::from(self.rules.tokens) * freeze.decrease_ratio).round();
        let chance = if self.available == 0 {
            self.drop_chance + freeze.increase
        } else if f64::from(self.deficit()) <= low {
            self.drop_chance - freeze.decrease
        } else {
            self.drop_chance
        };
        self.drop_chance = chance.clamp(0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Admission::{Admitted, Dropped, NoTokens};

    const ONE: ConnectKind = ConnectKind::Global;

    fn rules() -> ThrottleRules {
        ThrottleRules { tokens: 3, fill_time_ms: 100, fill_count: 2, ..Default::default() }
    }

    #[test]
    fn without_tokens_configured_everything_is_admitted() {
        let mut throttle = ConnectThrottle::new(ThrottleRules::default(), 0);
        assert!((0..10_000).all(|_| throttle.admit(ONE, 0, 0.0) == Admitted));
    }

    #[test]
    fn an_empty_bucket_refuses_until_it_is_filled_again() {
        let mut throttle = ConnectThrottle::new(rules(), 0);
        let answers: Vec<_> = (0..4).map(|_| throttle.admit(ONE, 50, 0.9)).collect();
        assert_eq!(answers, [Admitted, Admitted, Admitted, NoTokens]);
        assert_eq!(throttle.deficit(), 3);
        assert_eq!(throttle.admit(ONE, 99, 0.9), NoTokens);
        let answers: Vec<_> = (0..3).map(|_| throttle.admit(ONE, 199, 0.9)).collect();
        assert_eq!(answers, [Admitted, Admitted, NoTokens]);
        assert_eq!(throttle.admit(ONE, 200, 0.9), Admitted, "the 99 ms before were kept");
    }

    #[test]
    fn a_long_quiet_time_fills_the_bucket_and_no_more() {
        let mut throttle = ConnectThrottle::new(rules(), 0);
        throttle.admit(ONE, 0, 0.9);
        let answers: Vec<_> = (0..4).map(|_| throttle.admit(ONE, u64::MAX, 0.9)).collect();
        assert_eq!(answers, [Admitted, Admitted, Admitted, NoTokens]);
    }

    #[test]
    fn weights_make_new_global_sessions_dearest() {
        let weighted = ThrottleRules { tokens: 6, weights: Some(Weights::default()), ..rules() };
        let mut throttle = ConnectThrottle::new(weighted, 0);
        for (kind, deficit) in
            [(ConnectKind::Global, 3), (ConnectKind::Renew, 5), (ConnectKind::Local, 6)]
        {
            assert_eq!(throttle.admit(kind, 0, 0.9), Admitted);
            assert_eq!(throttle.deficit(), deficit, "{kind:?}");
        }
        assert_eq!(throttle.admit(ConnectKind::Local, 0, 0.9), NoTokens);
    }

    #[test]
    fn a_weight_above_the_bucket_costs_the_whole_bucket() {
        let weighted = ThrottleRules { tokens: 2, weights: Some(Weights::default()), ..rules() };
        let mut throttle = ConnectThrottle::new(weighted, 0);
        assert_eq!(throttle.admit(ConnectKind::Global, 0, 0.9), Admitted);
        assert_eq!(throttle.admit(ConnectKind::Local, 0, 0.9), NoTokens);
    }

    #[test]
    fn the_drop_chance_rises_while_empty_and_falls_when_full() {
        let freeze = Freeze { time_ms: 10, increase: 0.5, decrease: 0.25, decrease_ratio: 0.0 };
        let rules = ThrottleRules { freeze: Some(freeze), fill_time_ms: 1_000, ..rules() };
        let mut throttle = ConnectThrottle::new(rules, 0);
        for _ in 0..3 {
            assert_eq!(throttle.admit(ONE, 0, 0.0), Admitted);
        }
        assert_eq!(throttle.admit(ONE, 11, 0.6), NoTokens);
        assert_eq!(throttle.drop_chance(), 0.5);
        assert_eq!(throttle.admit(ONE, 12, 0.4), Dropped, "not adapted again before 10 ms");
        assert_eq!(throttle.admit(ONE, 22, 0.99), Dropped);
        assert_eq!(throttle.drop_chance(), 1.0);
        assert_eq!(throttle.admit(ONE, 5_000, 0.8), Admitted);
        assert_eq!(throttle.drop_chance(), 0.75);
        assert_eq!(throttle.admit(ONE, 5_011, 0.8), Admitted);
        assert_eq!(throttle.drop_chance(), 0.75, "neither empty nor full");
    }
}
