"""What the page of an item says of its API."""
import re, sys

import signature, tree

# Sections of a page that say nothing new: they follow from an impl of Deref, or hold for all types.
FOLLOWS = ("deref-methods", "blanket-implementations")
TRAIT_IMPLS = ("trait-implementations", "synthetic-implementations", "foreign-impls", "implementors")
# Who runs at the end of a value, the type or something in it, is not to be seen from outside.
DESTRUCTOR = "impl prelude::v1::Drop for "
MEMBERS = ("method", "tymethod", "associatedtype", "associatedconstant", "variant", "structfield")


class Member:
    """A method, an associated type or constant, a variant, a field, or an impl of a trait."""

    def __init__(self, name, signature, stable, inherent=False):
        self.name, self.signature, self.stable, self.inherent = name, signature, stable, inherent


class Page:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            html = f.read()
        main = html[html.find('<section id="main-content"'):]
        # The source of an item of std is with std's documentation, wherever it is re-exported.
        heading = main[:main.find('<pre class="rust item-decl')]
        source = re.search(r'class="src" href="https://doc\.rust-lang\.org/[^"]*/src/(\w+)/([^"]*)', heading)
        self.crate = source[1] if source else None      # one of those behind std; or none, if the item is costd's
        self.source = source and source[0]
        self.html, self.path, self.is_trait = main, path, "/trait." in path
        # The mark stands between the declaration and the text.
        self.stable = not re.search(r'</pre><span class="item-info">(<div.*?</div>)*?<div class="stab unstable"', main)

    def read(self, names):
        """Fills in declaration, members and impls; for `names` see `signature.read`."""
        self.names = names
        root = tree.parse(self.html)
        declaration = root.find("item-decl")
        if declaration is None:
            sys.exit(f"{self.path} has no declaration: have rustdoc's pages changed?")
        self.declaration = _deprecated(declaration) + self._cut(signature.read(declaration, names))
        self.members, self.impls = [], []
        section, block = "", ""
        for node in root.nodes():
            name = node.attributes.get("id", "")
            if node.tag == "h2":
                section = name
            elif section.startswith(FOLLOWS):
                continue
            elif node.tag == "section" and node.has_class("impl"):
                block = signature.read(node.find("code-header"), names)
                if section in TRAIT_IMPLS:
                    self._impl(node, block)
                elif section != "implementations":
                    sys.exit(f"{self.path} has an impl under {section}: have rustdoc's pages changed?")
            elif node.tag in ("section", "span") and name.split(".")[0] in MEMBERS:
                self._member(node, name, section, block)
        return self

    def _cut(self, text):
        """Of a trait only its head: the members are compared one by one, and some are unstable. And whether private fields
        have names does not matter."""
        if self.is_trait:
            return next((text[:i] for i, depth in signature.depths(text) if depth == 0 and text[i] == "{"), text).strip()
        return text.replace("(/* private fields */);", " { /* private fields */ }")

    def _impl(self, node, text):
        text = signature.lifetimes(text)
        head = signature.head(text)
        if DESTRUCTOR in head:
            return
        # That a type does not implement a trait has no conditions: rustdoc writes some down, if it was said in the source.
        negative = head.startswith("impl !")
        self.impls.append(Member(head.replace("impl !", "impl "), head if negative else text, _stable(node)))

    def _member(self, node, name, section, block):
        kind, name = name.split(".", 1)
        # Only what an impl of a trait leaves open; its methods are the trait's.
        in_trait_impl = section in TRAIT_IMPLS
        if in_trait_impl and kind not in ("associatedtype", "associatedconstant"):
            return
        text = signature.read(node.find("code-header") or node, self.names)
        # rustdoc numbers what would have the same anchor.
        name = re.sub(r"-\d+$", "", name)
        if in_trait_impl:
            name = f"<{signature.head(signature.lifetimes(block))}>::{name}"
        if in_trait_impl or section == "implementations":
            text = signature.lifetimes(f"{block} {{ {text} }}")
        self.members.append(Member(name, _deprecated(node) + text, _stable(node), inherent=not in_trait_impl))


def _info(node):
    """The node that holds the marks of what a node declares, if there are any."""
    info = node.find("item-info") or node.next()
    return info if info and info.has_class("item-info") else None


def _stable(node):
    info = _info(node)
    return not (info and info.find("unstable"))


def _deprecated(node):
    """As an attribute. What std is going to deprecate is not deprecated yet."""
    mark = _info(node)
    mark = mark and mark.find("deprecated")
    return "#[deprecated] " if mark and "Deprecating" not in mark.text() else ""
