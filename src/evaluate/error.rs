//! What can keep a policy or a batch from being evaluated.

use std::sync::Arc;

/// Why a program can't be made or can't run over a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// An expression uses something that rows of its kind don't have.
    #[error("`{expression}` uses {what}, which is not known here")]
    Misplaced {
        /// The expression as written.
        expression: Arc<str>,
        /// What it uses, in words.
        what: &'static str,
    },
    /// An operand has a type its operation can't take: the expression was never checked.
    #[error("`{expression}` was not checked: {what}")]
    Unchecked {
        /// The expression as written.
        expression: Arc<str>,
        /// What is off, in words.
        what: &'static str,
    },
    /// The batch was filled for another request.
    #[error("the batch lacks {what}: fill it with what Evaluator::request asks for")]
    FactsMissing {
        /// What is not there.
        what: String,
    },
}
