//! The `rookeeper` command.

fn main() {}
