//! Plain data every other module speaks in: values and types, instants and civil time, columns,
//! facts, standings, transitions, touches. Nothing here decides, reads a clock or does I/O.

pub mod civil;
pub mod column;
pub mod cut;
pub mod duration;
pub mod durations;
pub mod enrolment;
pub mod event;
pub mod facts;
pub mod schema;
pub mod standing;
pub mod time;
pub mod touch;
pub mod trigger;
pub mod value;

pub use column::{Bitmap, CodeColumn, Column, Dictionary, FlagColumn, NumberColumn, TextList};
pub use duration::Duration;
pub use schema::{ClassShape, EventShape, FieldShape, Schema};
pub use time::{Date, Timestamp};
pub use value::{Type, Value};
