//! Configuration: what an operator wrote, understood and checked.
