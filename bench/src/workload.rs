//! What is asked for: which request comes next on a session.

use clap::ValueEnum;

use crate::frames::{Pattern, Template};

/// Parts of a multi.
pub const MULTI_PARTS: usize = 10;
/// Names in the listing that `children` asks for.
pub const LISTED: u64 = 1000;

/// The kinds of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// create of new nodes, a parent for each session.
    Create,
    /// setData of random nodes.
    Set,
    /// getData of random nodes.
    Get,
    /// 90 % getData, 10 % setData.
    Mix90,
    /// 50 % getData, 50 % setData.
    Mix50,
    /// multi of 10 setData.
    Multi,
    /// getChildren of a node with 1000 children.
    Children,
    /// create of `--nodes` nodes in all, 1000 below each parent.
    Fill,
    /// getData with a watch on each of `--nodes` nodes from each session, once.
    Watches,
    /// One set, one event to each of `--sessions` sessions.
    Fanout,
    /// Sessions opened and closed as fast as it goes, `--outstanding` at a time.
    Storm,
    /// `--sessions` sessions that do nothing but ping.
    Idle,
}

/// Which key comes next.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    /// Any of so many.
    Random(u64),
    /// From `next` on in steps.
    Sequence {
        /// The next key.
        next: u64,
        /// Sessions that share the keys.
        step: u64,
    },
}

/// The requests of one session.
#[derive(Debug)]
pub struct Stream {
    /// The frames; the second is the write of a mix.
    pub templates: Vec<Template>,
    write_percent: u64,
    order: Order,
    left: u64,
    dice: u64,
}

impl Stream {
    /// At most `left` requests; `seed` makes sessions differ and runs repeat.
    pub fn new(templates: Vec<Template>, order: Order, left: u64, seed: u64) -> Self {
        let dice = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Stream { templates, write_percent: 0, order, left, dice }
    }

    /// So many of a hundred requests come from the second template.
    pub fn mixed(mut self, write_percent: u64) -> Self {
        self.write_percent = write_percent;
        self
    }

    fn roll(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice
    }

    /// The next request's template and key; `None` when all were given.
    pub fn draw(&mut self) -> Option<(usize, u64)> {
        self.left = self.left.checked_sub(1)?;
        let key = match &mut self.order {
            Order::Random(keys) => {
                let keys = *keys;
                self.roll() % keys
            }
            Order::Sequence { next, step } => {
                *next += *step;
                *next - *step
            }
        };
        let write = self.write_percent > 0 && (self.roll() >> 32) % 100 < self.write_percent;
        Some((usize::from(write), key))
    }
}

/// What all sessions of a run share.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Sessions.
    pub sessions: usize,
    /// Bytes of a value.
    pub value: usize,
    /// Nodes of the filled tree.
    pub nodes: u64,
    /// Requests in all.
    pub count: u64,
    /// Parent of the nodes that `create` makes.
    pub root: &'a str,
}

impl Scope<'_> {
    /// Requests of one session, so that all together are `total`.
    fn share(&self, session: usize, total: u64) -> u64 {
        let (all, at) = (self.sessions as u64, session as u64);
        total / all + u64::from(at < total % all)
    }
}

/// The requests of session `session` under `workload`; `None` for loads that are no request
/// stream.
pub fn stream(workload: Workload, scope: &Scope<'_>, session: usize) -> Option<Stream> {
    let node = || Pattern::filled(scope.value);
    let get = || Template::get(node(), false);
    let set = || Template::set(node(), scope.value);
    let random = Order::Random(scope.nodes);
    let shared = Order::Sequence { next: session as u64, step: scope.sessions as u64 };
    let own = Order::Sequence { next: 0, step: 1 };
    let left = scope.share(session, scope.count);
    let seed = session as u64;
    Some(match workload {
        Workload::Create => {
            let pattern = Pattern::under(&format!("{}/{session}", scope.root));
            Stream::new(vec![Template::create(pattern, scope.value)], own, left, seed)
        }
        Workload::Set => Stream::new(vec![set()], random, left, seed),
        Workload::Get => Stream::new(vec![get()], random, left, seed),
        Workload::Mix90 => Stream::new(vec![get(), set()], random, left, seed).mixed(10),
        Workload::Mix50 => Stream::new(vec![get(), set()], random, left, seed).mixed(50),
        Workload::Multi => {
            let multi = Template::multi(node(), scope.value, MULTI_PARTS, scope.nodes);
            Stream::new(vec![multi], random, left, seed)
        }
        Workload::Children => {
            let pattern = Pattern::fixed(&parent_of_first(scope.value));
            Stream::new(vec![Template::children(pattern)], random, left, seed)
        }
        Workload::Fill => {
            let left = scope.share(session, scope.nodes.min(scope.count));
            Stream::new(vec![Template::create(node(), scope.value)], shared, left, seed)
        }
        Workload::Watches => {
            let left = scope.nodes.min(scope.count);
            Stream::new(vec![Template::get(node(), true)], own, left, seed)
        }
        Workload::Fanout | Workload::Storm | Workload::Idle => return None,
    })
}

/// The filled tree's first parent.
pub fn parent_of_first(value: usize) -> String {
    let first = Pattern::filled(value).path(0);
    first.rsplit_once('/').map(|(parent, _)| parent.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: Scope<'_> = Scope { sessions: 3, value: 100, nodes: 1000, count: 10, root: "/c" };

    fn keys(workload: Workload, session: usize) -> Vec<u64> {
        let mut stream = stream(workload, &SCOPE, session).unwrap();
        std::iter::from_fn(|| stream.draw().map(|(_, key)| key)).collect()
    }

    #[test]
    fn sessions_share_a_fill_without_meeting_and_stop_at_the_count() {
        let mut all: Vec<_> = (0..3).flat_map(|session| keys(Workload::Fill, session)).collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn random_keys_stay_within_the_tree_and_differ_between_sessions() {
        let (a, b) = (keys(Workload::Get, 0), keys(Workload::Get, 1));
        assert!(a.iter().chain(&b).all(|key| *key < SCOPE.nodes));
        assert_ne!(a[..3], b[..3]);
    }

    #[test]
    fn a_mix_has_about_its_share_of_writes() {
        let scope = Scope { count: 30_000, ..SCOPE };
        let mut stream = stream(Workload::Mix90, &scope, 0).unwrap();
        let writes: usize = std::iter::from_fn(|| stream.draw().map(|(at, _)| at)).sum();
        assert!((800..1200).contains(&writes), "{writes} of 10000");
    }
}
