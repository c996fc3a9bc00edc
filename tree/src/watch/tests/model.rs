//! Random runs against a model that keeps a plain list of registrations by path and reads the
//! rules of section 12.2 literally.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::change::{Change, ChangeSink};

const PATHS: [&str; 9] =
    ["/", "/a", "/a/b", "/a/b/c", "/a/d", "/e", "/e/f", "/zookeeper", "/zookeeper/config"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    DataOnce,
    ChildOnce,
    DataPersistent,
    ChildPersistent,
    Recursive,
}

use Mode::{ChildOnce, ChildPersistent, DataOnce, DataPersistent, Recursive};

const DATA: [Mode; 3] = [DataOnce, DataPersistent, Recursive];
const CHILD: [Mode; 2] = [ChildOnce, ChildPersistent];

/// (path, watcher, mode), each at most once.
#[derive(Default)]
struct Model {
    all: Vec<(String, u32, Mode)>,
    events: Vec<Seen>,
}

impl Model {
    fn add(&mut self, path: &str, watcher: u32, modes: &[Mode]) {
        for mode in modes {
            let entry = (path.to_string(), watcher, *mode);
            if !self.all.contains(&entry) {
                self.all.push(entry);
            }
        }
    }

    fn remove(&mut self, path: &str, watcher: u32, modes: &[Mode]) -> bool {
        let before = self.all.len();
        self.all.retain(|(p, w, mode)| !(p == path && *w == watcher && modes.contains(mode)));
        self.all.len() != before
    }

    /// Fires one event in one table; answers who is concerned, told or not.
    fn fire(
        &mut self,
        modes: &[Mode],
        path: &str,
        event: EventType,
        but: &BTreeSet<u32>,
    ) -> BTreeSet<u32> {
        let is_above = |above: &str| above == "/" || path.starts_with(&format!("{above}/"));
        let mut concerned = BTreeSet::new();
        for (at, watcher, mode) in &self.all {
            let here = at == path && modes.contains(mode);
            let above = modes.contains(&Recursive) && *mode == Recursive && is_above(at);
            if here || above {
                concerned.insert(*watcher);
            }
        }
        let used = |mode: &Mode| modes.contains(mode) && matches!(mode, DataOnce | ChildOnce);
        self.all.retain(|(at, _, mode)| !(at == path && used(mode)));
        let told = concerned.iter().filter(|watcher| !but.contains(watcher));
        self.events.extend(told.map(|watcher| (*watcher, event, path.to_string())));
        concerned
    }

    fn change(&mut self, change: &Change<'_>) {
        let nobody = BTreeSet::new();
        let parent = |path: &str| match path.rfind('/') {
            Some(0) => "/".to_string(),
            slash => path[..slash.unwrap()].to_string(),
        };
        match change {
            Change::Created { path, .. } => {
                self.fire(&DATA, path, EventType::Created, &nobody);
                self.fire(&CHILD, &parent(path), EventType::ChildrenChanged, &nobody);
            }
            Change::DataChanged { path, .. } => {
                self.fire(&DATA, path, EventType::DataChanged, &nobody);
            }
            Change::Deleted { path, .. } => {
                let told = self.fire(&DATA, path, EventType::Deleted, &nobody);
                self.fire(&CHILD, path, EventType::Deleted, &told);
                self.fire(&CHILD, &parent(path), EventType::ChildrenChanged, &nobody);
            }
        }
    }

    fn pairs(&self, modes: &[Mode]) -> BTreeSet<(String, u32)> {
        let of = self.all.iter().filter(|(_, _, mode)| modes.contains(mode));
        of.map(|(path, watcher, _)| (path.clone(), *watcher)).collect()
    }
}

/// Tells both of each change.
struct Both<'a> {
    watches: &'a mut WatchTable,
    seen: &'a mut Vec<Seen>,
    model: &'a mut Model,
}

impl ChangeSink for Both<'_> {
    fn change(&mut self, tree: &Tree, zxid: Zxid, change: &Change<'_>) {
        let seen = &mut *self.seen;
        self.watches.fire(tree, zxid, change, &mut |fired| {
            let one = |watcher: &WatcherId| (watcher.index(), fired.event, fired.path.to_string());
            seen.extend(fired.watchers.iter().map(one));
        });
        self.model.change(change);
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Create(&'static str),
    Set(&'static str),
    Delete(&'static str),
    Watch(&'static str, u32, usize),
    Crowd(&'static str, usize),
    Remove(&'static str, u32, usize),
    Close(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let path = || proptest::sample::select(&PATHS[..]);
    let watcher = || 0..4u32;
    prop_oneof![
        4 => path().prop_map(Step::Create),
        2 => path().prop_map(Step::Set),
        3 => path().prop_map(Step::Delete),
        6 => (path(), watcher(), 0..4usize).prop_map(|(path, w, mode)| Step::Watch(path, w, mode)),
        1 => (path(), 0..4usize).prop_map(|(path, mode)| Step::Crowd(path, mode)),
        2 => (path(), watcher(), 0..5usize).prop_map(|(path, w, kind)| Step::Remove(path, w, kind)),
        1 => watcher().prop_map(Step::Close),
    ]
}

fn watch(world: &mut World, model: &mut Model, path: &str, watcher: u32, mode: usize) {
    let modes: &[Mode] = match mode {
        0 => &[DataOnce],
        1 => &[ChildOnce],
        2 => &[DataPersistent, ChildPersistent],
        _ => &[Recursive],
    };
    let set = [World::data, World::child, World::persistent, World::recursive][mode];
    set(world, watcher, path);
    model.add(path, watcher, modes);
}

fn remove(world: &mut World, model: &mut Model, path: &str, watcher: u32, kind: usize) {
    let (kind, modes): (_, &[Mode]) = match kind {
        0 => (WatcherType::Children, &[ChildOnce]),
        1 => (WatcherType::Data, &[DataOnce]),
        2 => {
            let all = &[DataOnce, ChildOnce, DataPersistent, ChildPersistent, Recursive];
            (WatcherType::Any, all)
        }
        3 => (WatcherType::Persistent, &[DataPersistent, ChildPersistent]),
        _ => (WatcherType::PersistentRecursive, &[Recursive]),
    };
    let checked = world.watches.check(&world.tree, path, w(watcher), kind);
    let removed = world.watches.remove(&world.tree, path, w(watcher), kind);
    assert_eq!(checked, removed);
    assert_eq!(removed.is_ok(), model.remove(path, watcher, modes));
}

fn take(world: &mut World, model: &mut Model, step: Step) {
    let body = match step {
        Step::Create(path) => create(path, 31, false),
        Step::Set(path) => set(path),
        Step::Delete(path) if world.tree.get(path).is_some_and(|n| n.num_children() > 0) => return,
        Step::Delete(path) => delete(path),
        Step::Watch(path, watcher, mode) => return watch(world, model, path, watcher, mode),
        Step::Crowd(path, mode) => {
            return (0..70).for_each(|watcher| watch(world, model, path, watcher, mode));
        }
        Step::Remove(path, watcher, kind) => return remove(world, model, path, watcher, kind),
        Step::Close(watcher) => {
            world.watches.remove_watcher(w(watcher));
            return model.all.retain(|(_, of, _)| *of != watcher);
        }
    };
    world.zxid += 1;
    let header = TxnHeader {
        client_id: SessionId(1),
        cxid: Xid(1),
        zxid: Zxid(world.zxid),
        time: 1_000,
        txn_type: body.op().code(),
    };
    let World { tree, watches, seen, .. } = world;
    tree.apply(&Txn { header, body, digest: None }, &mut Both { watches, seen, model });
}

proptest! {
    #[test]
    fn the_table_tells_what_a_plain_list_would(steps in proptest::collection::vec(step(), 1..80)) {
        let (mut world, mut model) = (World::new(&[]), Model::default());
        for step in steps {
            take(&mut world, &mut model, step);
            prop_assert_eq!(&world.seen, &model.events);
            prop_assert_eq!(world.watches.broken_invariant(&world.tree), None);
            let (data, child) = (model.pairs(&DATA), model.pairs(&CHILD));
            prop_assert_eq!(world.watches.len(), data.len() + child.len());
            let summary = WatchSummary {
                watchers: data.iter().map(|(_, watcher)| watcher).collect::<BTreeSet<_>>().len(),
                paths: data.iter().map(|(path, _)| path).collect::<BTreeSet<_>>().len(),
                total: data.len(),
            };
            prop_assert_eq!(world.watches.summary(), summary);
            let by_path = world.watches.by_path(&world.tree);
            let listed = by_path.iter().flat_map(|(path, watchers)| {
                watchers.iter().map(|watcher| (path.clone(), watcher.index()))
            });
            prop_assert!(listed.eq(data.iter().cloned()));
            let by_watcher = world.watches.by_watcher(&world.tree);
            let listed = by_watcher.iter().flat_map(|(watcher, paths)| {
                paths.iter().map(|path| (path.clone(), watcher.index()))
            });
            prop_assert_eq!(listed.collect::<BTreeSet<_>>(), data);
        }
    }
}
