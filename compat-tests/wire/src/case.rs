//! The list that the runner is given: each check with its name, and why it may be left out.

use std::env;

use libtest_mimic::Trial;

use crate::server::Kind;

/// One check.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Its name, unique within its module.
    pub name: &'static str,
    /// Panics when the server does not do what the name says.
    pub run: fn(),
}

/// Which servers a list of checks is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Every server.
    All,
    /// Not the reference: a defect of it that is not copied, or a promise of Rookeeper's own.
    Promise,
    /// Servers that can form an ensemble; Rookeeper when `WIRE_ENSEMBLE=1` says that it can.
    Ensemble,
}

/// `cases![a, b]`: the functions `a` and `b` as checks named after themselves.
#[macro_export]
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        &[$($crate::case::Case { name: stringify!($name), run: $name },)*]
    };
}

/// Why checks of this sort are left out here, if they are.
fn left_out(sort: For) -> Option<&'static str> {
    let reference = Kind::under_test().is_reference();
    let ensembles = reference || env::var("WIRE_ENSEMBLE").is_ok_and(|value| value == "1");
    match sort {
        For::Promise if reference => Some("the reference does not promise this"),
        For::Ensemble if !ensembles => Some("needs an ensemble (WIRE_ENSEMBLE=1)"),
        _ => None,
    }
}

/// The trials of one module; left-out ones are listed as ignored, with the reason in their name.
pub fn trials(module: &str, sort: For, cases: &[Case]) -> Vec<Trial> {
    let why = left_out(sort);
    let trial = |case: &Case| {
        let run = case.run;
        let name = match why {
            Some(why) => format!("{module}::{} ({why})", case.name),
            None => format!("{module}::{}", case.name),
        };
        Trial::test(name, move || {
            run();
            Ok(())
        })
        .with_ignored_flag(why.is_some())
    };
    cases.iter().map(trial).collect()
}
