//! A TOML text as statements, one after the other, with nothing lost but space.

use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

/// One line, or several that belong together.
#[derive(Debug)]
pub(super) enum Statement<'t> {
    /// An empty line.
    Blank,
    /// A line that is a comment.
    Comment(&'t str),
    /// `[a.b]` or `[[a.b]]`.
    Header { text: String, path: Vec<String>, comment: Option<Comment<'t>> },
    /// `key = value`.
    Entry { key: String, path: Vec<String>, value: Vec<Piece<'t>>, comment: Option<Comment<'t>> },
}

/// A comment at the end of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comment<'t> {
    /// From `#` on.
    pub(super) text: &'t str,
    /// The column it stood in, from 0, in characters.
    pub(super) column: usize,
}

/// A token of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'t> {
    pub(super) kind: TokenKind,
    pub(super) text: &'t str,
    /// How much space there was before it.
    pub(super) gap: usize,
}

/// The statements of a text that is known to be TOML.
pub(super) fn all(text: &str) -> Vec<Statement<'_>> {
    let mut reader = Reader { text, tokens: Source::new(text).lex().into_vec(), at: 0 };
    let mut statements = Vec::new();
    while let Some(statement) = reader.statement() {
        statements.push(statement);
    }
    statements
}

struct Reader<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'t> Reader<'t> {
    fn kind(&self) -> TokenKind {
        self.tokens.get(self.at).map_or(TokenKind::Eof, Token::kind)
    }

    fn take(&mut self) -> &'t str {
        let span = self.tokens.get(self.at).map(Token::span);
        self.at += 1;
        span.and_then(|span| self.text.get(span.start()..span.end())).unwrap_or_default()
    }

    /// The next piece; space goes into its gap.
    fn piece(&mut self) -> Piece<'t> {
        let gap = if self.kind() == TokenKind::Whitespace { self.take().chars().count() } else { 0 };
        let kind = self.kind();
        Piece { kind, text: self.take(), gap }
    }

    /// The column of what comes next.
    fn column(&self) -> usize {
        let start = self.tokens.get(self.at).map_or(self.text.len(), |token| token.span().start());
        let before = self.text.get(..start).unwrap_or_default();
        before.rsplit('\n').next().map_or(0, |line| line.chars().count())
    }

    fn statement(&mut self) -> Option<Statement<'t>> {
        self.skip_space();
        match self.kind() {
            TokenKind::Eof => None,
            TokenKind::Newline => {
                self.at += 1;
                Some(Statement::Blank)
            }
            TokenKind::Comment => {
                let comment = Statement::Comment(self.take().trim_end());
                self.end_line();
                Some(comment)
            }
            TokenKind::LeftSquareBracket => Some(self.header()),
            _ => Some(self.entry()),
        }
    }

    fn header(&mut self) -> Statement<'t> {
        let mut text = String::new();
        let mut path = Vec::new();
        while !matches!(self.kind(), TokenKind::Newline | TokenKind::Comment | TokenKind::Eof) {
            self.key_part(&mut text, &mut path);
        }
        Statement::Header { text, path, comment: self.comment() }
    }

    fn entry(&mut self) -> Statement<'t> {
        let mut key = String::new();
        let mut path = Vec::new();
        while !matches!(self.kind(), TokenKind::Equals | TokenKind::Eof) {
            self.key_part(&mut key, &mut path);
        }
        self.at += 1;
        let mut value: Vec<Piece<'t>> = Vec::new();
        let mut depth = 0_usize;
        loop {
            let ends = matches!(self.next_solid(), TokenKind::Newline | TokenKind::Comment);
            if self.next_solid() == TokenKind::Eof || (depth == 0 && ends) {
                break;
            }
            let piece = self.piece();
            match piece.kind {
                TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => depth += 1,
                TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
            value.push(piece);
        }
        Statement::Entry { key, path, value, comment: self.comment() }
    }

    /// The kind of what comes after space.
    fn next_solid(&self) -> TokenKind {
        let rest = self.tokens.iter().skip(self.at).map(Token::kind);
        rest.into_iter().find(|kind| *kind != TokenKind::Whitespace).unwrap_or(TokenKind::Eof)
    }

    /// A part of a key, or what stands around it.
    fn key_part(&mut self, text: &mut String, path: &mut Vec<String>) {
        let kind = self.kind();
        let part = self.take();
        match kind {
            TokenKind::Whitespace => return,
            TokenKind::Atom => path.push(part.to_owned()),
            TokenKind::LiteralString | TokenKind::BasicString => {
                path.push(part.trim_matches(['"', '\'']).to_owned());
            }
            _ => {}
        }
        text.push_str(part);
    }

    fn comment(&mut self) -> Option<Comment<'t>> {
        self.skip_space();
        let column = self.column();
        let comment =
            (self.kind() == TokenKind::Comment).then(|| Comment { text: self.take().trim_end(), column });
        self.end_line();
        comment
    }

    fn skip_space(&mut self) {
        while self.kind() == TokenKind::Whitespace {
            self.at += 1;
        }
    }

    fn end_line(&mut self) {
        self.skip_space();
        if self.kind() == TokenKind::Newline {
            self.at += 1;
        }
    }
}
