//! What evaluation promises, tested from policy text.

mod classes;
mod cuts;
mod expressions;
mod ledgers;
mod metrics;
mod scripts;
