//! Raw tables: what the files say, with the place of every key and value, before anything is checked.

mod escape;
pub(crate) mod form;
mod merge;
mod parse;
mod reader;
mod sink;
mod suggest;
mod tree;

pub(crate) use form::{Constraint, Form, MapKeys, Part, takes};
pub(crate) use merge::{Declared, merge};
pub(crate) use parse::parse;
pub(crate) use reader::{Key, Reader, key, text, wrong};
pub(crate) use sink::Sink;
pub(crate) use suggest::nearest;
pub(crate) use tree::{At, Content, Entry, Node, Place, Table};
