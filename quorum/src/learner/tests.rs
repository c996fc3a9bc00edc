//! The learner alone.
