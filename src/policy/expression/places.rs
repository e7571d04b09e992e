//! Rhai's places (line and character) to tokens.

use rhai::Position;

use super::tokens::Token;

/// Where each token starts, as Rhai counts.
pub(super) struct Places {
    /// Line and character in the line, both from 1, ascending.
    starts: Vec<(usize, usize)>,
}

impl Places {
    pub(super) fn of(text: &str, tokens: &[Token]) -> Self {
        let mut starts = Vec::with_capacity(tokens.len());
        let (mut line, mut column) = (1, 0);
        let mut wanted = tokens.iter().map(|token| token.span.start).peekable();
        for (offset, character) in text.char_indices() {
            column += 1;
            if wanted.next_if_eq(&offset).is_some() {
                starts.push((line, column));
            }
            if character == '\n' {
                (line, column) = (line + 1, 0);
            }
        }
        Self { starts }
    }

    /// The token at a place, or the last one before it.
    pub(super) fn token(&self, position: Position) -> usize {
        let place = (position.line().unwrap_or(1), position.position().unwrap_or(0));
        self.starts.partition_point(|&start| start <= place).saturating_sub(1)
    }

    /// Whether a place lies behind the start of the last token.
    pub(super) fn is_past_end(&self, position: Position) -> bool {
        let place = (position.line().unwrap_or(1), position.position().unwrap_or(0));
        self.starts.last().is_some_and(|&last| place > last)
    }
}
