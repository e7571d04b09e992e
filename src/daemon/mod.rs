//! When it all happens: schedules, reload, inbox, HTTP, shutdown.

pub mod schedule;
