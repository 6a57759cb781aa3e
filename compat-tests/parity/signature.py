"""A signature as one line of text, so that two of them are equal exactly when they mean the same."""
import re

from tree import Node

OPEN, CLOSE = "<([{", ">)]}"


def read(node, names):
    """The text of a code header or declaration. A name that is a link is replaced by the path that the link leads to: that
    tells io::Error from fmt::Error, and costd's type from std's. `names` has the one path to use of something that has several,
    as {(kind, path): path}."""
    text = re.sub(r"\s+", " ", _text(node, names)).strip()
    # A long list of arguments stands on lines of its own, with a comma at its end.
    text = re.sub(r",? \)", ")", text.replace("( ", "("))
    return normal(text)


def shown(text):
    """For people: what everybody has in scope without a path."""
    return text.replace("prelude::v1::", "")


def _text(node, names):
    if isinstance(node, str):
        return node
    if node.has_class("tooltip"):
        return ""
    text = "".join(_text(c, names) for c in node.children)
    if node.has_class("where") or node.has_class("code-attribute"):
        return f" {text} "
    if node.tag == "a" and re.fullmatch(r"\w+", text):
        return _path(node.attributes.get("title", ""), text, names)
    return text


def _path(title, text, names):
    """A title is a kind and a path: `struct mirror::sync::Mutex`."""
    words = title.split()
    if len(words) == 2 and words[0] != "primitive" and words[1].split("::")[-1].rstrip("!") == text:
        kind, path = words[0], words[1].removeprefix("mirror::")
        trait = path.rpartition("::")[0]
        if kind == "type" and ("trait", trait) in names:
            return f"{names['trait', trait]}::{text}"
        return names.get((kind, path), path)
    return text


def lifetimes(text):
    """A lifetime that an `impl` declares and uses but once is '_, as one may write it."""
    if not text.startswith("impl<"):
        return text
    end = _end_of_generics(text)
    generics, rest = split(text[len("impl<"):end], ","), text[end + 1:]
    for lifetime in [g for g in generics if re.fullmatch(r"'\w+", g)]:
        if len(re.findall(lifetime + r"\b", rest)) == 1:
            rest = re.sub(lifetime + r"\b", "'_", rest)
            generics.remove(lifetime)
    return (f"impl<{', '.join(generics)}>" if generics else "impl") + rest.replace("&'_ ", "&")


def normal(text):
    """Predicates and bounds in alphabetical order: their order means nothing."""
    found = next((i for i, d in depths(text) if d == 0 and text.startswith(" where ", i)), None)
    if found is None:
        return text
    end = next((i for i, d in depths(text) if i > found and d == 0 and text[i] in "{;"), len(text))
    head, clause, tail = text[:found], text[found + len(" where "):end], text[end:]
    predicates = sorted(_predicate(p) for p in split(clause, ",") if p)
    return f"{head} where {', '.join(predicates)}" + (f" {tail.strip()}" if tail.strip() else "")


def _predicate(text):
    if ": " not in text:
        return text
    subject, bounds = text.split(": ", 1)
    return f"{subject}: {' + '.join(sorted(split(bounds, '+')))}"


def head(text):
    """Without the where clause and the generics of an `impl`: what the impl is of."""
    text = next((text[:i] for i, d in depths(text) if d == 0 and text.startswith(" where ", i)), text)
    if text.startswith("impl<"):
        text = "impl" + text[_end_of_generics(text) + 1:]
    return text


def _end_of_generics(text):
    return next(i for i, d in depths(text) if i > len("impl") and d == 0 and text[i] == ">")


def split(text, separator):
    """The parts between separators that are in no brackets."""
    parts, start = [], 0
    for i, depth in depths(text):
        if depth == 0 and text[i] == separator:
            parts.append(text[start:i].strip())
            start = i + 1
    return parts + [text[start:].strip()]


def depths(text):
    """(index, in how many brackets) for each character; a bracket is outside of itself."""
    depth = 0
    for i, c in enumerate(text):
        if c in CLOSE and not (c == ">" and text[i - 1:i] in ("-", "=")):
            depth -= 1
        yield i, depth
        if c in OPEN:
            depth += 1
