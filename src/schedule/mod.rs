//! When runs happen: the fire times of schedules, and the course of runs they make together. Pure.

mod course;
mod timetable;

pub use course::Course;
pub use timetable::{DueRun, Timetable, TimetableError, is_far_ahead, next_due, next_fire};

/// What the store calls the memory of a schedule, before its name.
pub const MEMORY: &str = "schedule.";
