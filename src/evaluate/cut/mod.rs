//! Cut points: figures of the population, made in stages before customers are placed by them.

mod figure;
mod pass;
mod plan;
mod points;
mod population;

pub use pass::CutPass;
pub(super) use plan::Part;
pub use plan::{CutPlan, Refresh};
pub use points::CutPoints;
