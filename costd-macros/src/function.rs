//! A function, taken apart as far as the attributes need it.

use proc_macro::{Delimiter, Ident, TokenStream, TokenTree};

use crate::tokens::{Error, Tokens, is_block, is_group, is_ident, is_only, is_punct, is_unit};

pub(crate) struct Function {
    pub(crate) attributes: Vec<TokenTree>,
    pub(crate) visibility: Vec<TokenTree>,
    /// `fn`
    pub(crate) keyword: TokenTree,
    pub(crate) name: Ident,
    /// `()`
    pub(crate) parameters: TokenTree,
    /// From the `->` on, or the `where`; the body is the last of it.
    pub(crate) rest: Vec<TokenTree>,
    /// It returns something other than `()`.
    pub(crate) returns: bool,
}

impl Function {
    /// Takes a function apart that has no parameters and nothing before its `fn` but attributes and a visibility. `what` is
    /// the attribute that it has.
    pub(crate) fn parse(what: &str, item: TokenStream) -> Result<Function, Error> {
        let mut tokens = Tokens::new(item);
        let mut attributes = Vec::new();
        while let Some(hash) = tokens.next_if(|token| is_punct(token, '#')) {
            attributes.push(hash);
            attributes.extend(tokens.next_if(|token| is_group(token, Delimiter::Bracket)));
        }
        let mut visibility: Vec<_> = tokens.next_if(|token| is_ident(token, "pub")).into_iter().collect();
        if !visibility.is_empty() {
            visibility.extend(tokens.next_if(|token| is_group(token, Delimiter::Parenthesis)));
        }
        for qualifier in ["async", "const", "unsafe", "extern"] {
            if let Some(token) = tokens.next_if(|token| is_ident(token, qualifier)) {
                let message = match qualifier {
                    "async" => format!("`{what}` runs its function in a coroutine, which may block: leave out `async`"),
                    _ => format!("`{what}` is for a function that is not `{qualifier}`"),
                };
                return Err(Error::new(token.span(), message));
            }
        }
        let span = tokens.span();
        let keyword = tokens.next_if(|token| is_ident(token, "fn"));
        let keyword = keyword.ok_or_else(|| Error::new(span, format!("`{what}` is for functions")))?;
        let span = tokens.span();
        let name = match tokens.next_if(|token| matches!(token, TokenTree::Ident(_))) {
            Some(TokenTree::Ident(name)) => name,
            _ => return Err(Error::new(span, "here should be the function's name")),
        };
        let span = tokens.span();
        let parameters = tokens.next_if(is_unit);
        let parameters = parameters.ok_or_else(|| {
            Error::new(span, format!("`{what}` is for a function without parameters, and not for a generic one"))
        })?;
        let span = tokens.span();
        let rest = tokens.rest();
        if !rest.last().is_some_and(is_block) {
            return Err(Error::new(span, format!("`{what}` is for a function that has a body")));
        }
        let returns = match &*rest {
            [minus, greater, unit, _body] if is_punct(minus, '-') && is_punct(greater, '>') && is_unit(unit) => false,
            [minus, greater, ..] => is_punct(minus, '-') && is_punct(greater, '>'),
            _ => false,
        };
        Ok(Function { attributes, visibility, keyword, name, parameters, rest, returns })
    }

    /// Is there an attribute that consists of this word alone?
    pub(crate) fn has_attribute(&self, word: &str) -> bool {
        self.attributes.iter().any(
            |token| matches!(token, TokenTree::Group(group) if is_only(group.stream(), |token| is_ident(token, word))),
        )
    }
}
