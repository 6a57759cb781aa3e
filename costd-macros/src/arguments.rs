//! What stands in an attribute's own parentheses: nothing, or `crate = ::path`.

use proc_macro::{TokenStream, TokenTree};

use crate::tokens::{Error, Tokens, is_ident, is_punct};

/// The path of costd, as the attribute says or else `::costd`.
pub(crate) fn path_of_costd(what: &str, arguments: TokenStream) -> Result<TokenStream, Error> {
    if arguments.is_empty() {
        return Ok("::costd".parse().expect("a path is made of tokens"));
    }
    let mut tokens = Tokens::new(arguments);
    let span = tokens.span();
    let usage = |span| Error::new(span, format!("`{what}` takes nothing, or the name of costd: `crate = ::costd`"));
    tokens.next_if(|token| is_ident(token, "crate")).ok_or_else(|| usage(span))?;
    tokens.next_if(|token| is_punct(token, '=')).ok_or_else(|| usage(span))?;
    let path = tokens.rest();
    let is_path = |token: &TokenTree| matches!(token, TokenTree::Ident(_)) || is_punct(token, ':');
    match path.iter().find(|token| !is_path(token)) {
        Some(token) => Err(usage(token.span())),
        None if path.is_empty() => Err(usage(span)),
        None => Ok(path.into_iter().collect()),
    }
}
