//! Reading tokens one after the other.

use std::collections::VecDeque;

use proc_macro::{Delimiter, Span, TokenStream, TokenTree};

/// What keeps an attribute from being expanded, and where.
pub(crate) struct Error {
    pub(crate) message: String,
    pub(crate) span: Span,
}

impl Error {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Error {
        Error { message: message.into(), span }
    }
}

/// Tokens that are left to be read. What a macro's fragment has put into invisible groups (`$vis`, `$name`) is read as if it
/// stood there itself.
pub(crate) struct Tokens(VecDeque<TokenTree>);

impl Tokens {
    pub(crate) fn new(stream: TokenStream) -> Tokens {
        Tokens(stream.into_iter().collect())
    }

    pub(crate) fn peek(&mut self) -> Option<&TokenTree> {
        while let Some(TokenTree::Group(group)) = self.0.front()
            && group.delimiter() == Delimiter::None
        {
            let inner = group.stream();
            self.0.pop_front();
            for (place, token) in inner.into_iter().enumerate() {
                self.0.insert(place, token);
            }
        }
        self.0.front()
    }

    pub(crate) fn next_if(&mut self, wanted: impl FnOnce(&TokenTree) -> bool) -> Option<TokenTree> {
        if self.peek().is_some_and(wanted) { self.0.pop_front() } else { None }
    }

    /// Where the next token is; where the attribute is, if there is none.
    pub(crate) fn span(&mut self) -> Span {
        self.peek().map_or_else(Span::call_site, TokenTree::span)
    }

    /// All that are left, groups and all.
    pub(crate) fn rest(self) -> Vec<TokenTree> {
        self.0.into()
    }
}

pub(crate) fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

pub(crate) fn is_ident(token: &TokenTree, text: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == text)
}

pub(crate) fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

/// Is it a pair of parentheses with nothing in it?
pub(crate) fn is_unit(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    match group.delimiter() {
        Delimiter::Parenthesis => Tokens::new(group.stream()).peek().is_none(),
        Delimiter::None => is_only(group.stream(), is_unit),
        _ => false,
    }
}

/// Is it a block?
pub(crate) fn is_block(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    match group.delimiter() {
        Delimiter::Brace => true,
        Delimiter::None => is_only(group.stream(), is_block),
        _ => false,
    }
}

/// Is it one token, and that one as it `should_be`?
pub(crate) fn is_only(stream: TokenStream, should_be: impl FnOnce(&TokenTree) -> bool) -> bool {
    let mut tokens = stream.into_iter();
    tokens.next().is_some_and(|token| should_be(&token)) && tokens.next().is_none()
}
