//! What an attribute makes of a function.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, TokenStream, TokenTree};

use crate::arguments::path_of_costd;
use crate::function::Function;
use crate::tokens::Error;

/// What differs between the attributes.
pub(crate) struct Attribute {
    /// As it is called in messages.
    what: &'static str,
    /// The function of `costd::__entry` that runs the body.
    entry: &'static str,
    is_test: bool,
}

pub(crate) const MAIN: Attribute = Attribute { what: "#[costd::main]", entry: "main", is_test: false };
pub(crate) const TEST: Attribute = Attribute { what: "#[costd::test]", entry: "test", is_test: true };

pub(crate) fn expand(attribute: &Attribute, arguments: TokenStream, item: TokenStream) -> TokenStream {
    try_expand(attribute, arguments, item).unwrap_or_else(|error| compile_error(&error))
}

fn try_expand(attribute: &Attribute, arguments: TokenStream, item: TokenStream) -> Result<TokenStream, Error> {
    let costd = path_of_costd(attribute.what, arguments)?;
    let function = Function::parse(attribute.what, item)?;
    if attribute.is_test && function.has_attribute("test") {
        let message = format!("`{}` takes the place of `#[test]`: leave that out", attribute.what);
        return Err(Error::new(function.name.span(), message));
    }

    // fn name() -> T { body }
    let mut inner: Vec<TokenTree> =
        vec![function.keyword.clone(), function.name.clone().into(), function.parameters.clone()];
    inner.extend(function.rest);
    // ::costd::__entry::main(name)
    inner.extend(path(&costd, &["__entry", attribute.entry]));
    inner.push(group(Delimiter::Parenthesis, [function.name.clone().into()]));

    let mut outer = Vec::new();
    if attribute.is_test {
        outer.push(Punct::new('#', Spacing::Alone).into());
        outer.push(group(Delimiter::Bracket, path(&costd, &["prelude", "v1", "test"])));
    }
    outer.extend(function.attributes);
    outer.extend(function.visibility);
    outer.extend([function.keyword, function.name.into(), function.parameters]);
    if function.returns {
        outer.extend([Punct::new('-', Spacing::Joint).into(), Punct::new('>', Spacing::Alone).into()]);
        outer.extend(path(&costd, &["__entry", "ExitCode"]));
    } else {
        // What there would be to return says nothing; and `#[should_panic]` asks for `()`.
        inner.push(Punct::new(';', Spacing::Alone).into());
    }
    outer.push(group(Delimiter::Brace, inner));
    Ok(outer.into_iter().collect())
}

fn path(costd: &TokenStream, names: &[&str]) -> Vec<TokenTree> {
    let mut path: Vec<TokenTree> = costd.clone().into_iter().collect();
    for name in names {
        path.extend([Punct::new(':', Spacing::Joint).into(), Punct::new(':', Spacing::Alone).into()]);
        path.push(Ident::new(name, proc_macro::Span::call_site()).into());
    }
    path
}

fn group(delimiter: Delimiter, tokens: impl IntoIterator<Item = TokenTree>) -> TokenTree {
    Group::new(delimiter, tokens.into_iter().collect()).into()
}

fn compile_error(error: &Error) -> TokenStream {
    let mut message = Literal::string(&error.message);
    message.set_span(error.span);
    let tokens: [TokenTree; 8] = [
        Punct::new(':', Spacing::Joint).into(),
        Punct::new(':', Spacing::Alone).into(),
        Ident::new("core", error.span).into(),
        Punct::new(':', Spacing::Joint).into(),
        Punct::new(':', Spacing::Alone).into(),
        Ident::new("compile_error", error.span).into(),
        Punct::new('!', Spacing::Alone).into(),
        group(Delimiter::Brace, [message.into()]),
    ];
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(error.span);
            token
        })
        .collect()
}
