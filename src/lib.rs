//! guanxi (关系) runs customer relationships from policy files.
//!
//! Data flows one way: `policies/` and `scripts/` are checked by [`policy`] into a
//! [`Compiled`](policy::Compiled) set; facts come in through [`intake`] into the [`archive`]; a run of
//! the [`engine`] reads facts, lets [`evaluate`] place every customer and [`care`] decide what is owed,
//! and commits all of it at once; [`emit`] then sends what was queued. [`daemon`] does so when
//! [`schedule`] says, [`rehearsal`] in virtual time on a copy; [`plan`] tells what an edit would do; [`cli`] is the face.

pub mod archive;
pub mod care;
pub mod cli;
pub mod daemon;
pub mod demo;
pub mod emit;
pub mod engine;
pub mod evaluate;
pub mod explain;
pub mod intake;
pub mod model;
pub mod plan;
pub mod policy;
pub mod policy_test;
pub mod ports;
pub mod rehearsal;
pub mod report;
pub mod schedule;
pub mod simulate;
