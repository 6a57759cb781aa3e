"""The tree of a page of HTML, as far as rustdoc's pages need it."""
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Node:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children = []          # nodes and strings

    def has_class(self, name):
        return name in self.attributes.get("class", "").split()

    def nodes(self):
        """This node and all below it, in the page's order."""
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.nodes()

    def find(self, name):
        """The first node of a class, this one included."""
        return next((n for n in self.nodes() if n.has_class(name)), None)

    def text(self):
        return "".join(c if isinstance(c, str) else c.text() for c in self.children)

    def next(self):
        """The node that follows in the same parent."""
        nodes = [c for c in self.parent.children if isinstance(c, Node)]
        at = next(i for i, n in enumerate(nodes) if n is self)
        return nodes[at + 1] if at + 1 < len(nodes) else None


class _Builder(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("", {}, None)

    def handle_starttag(self, tag, attributes):
        node = Node(tag, {k: v or "" for k, v in attributes}, self.at)
        self.at.children.append(node)
        if tag not in VOID:
            self.at = node

    def handle_startendtag(self, tag, attributes):
        self.at.children.append(Node(tag, {k: v or "" for k, v in attributes}, self.at))

    def handle_endtag(self, tag):
        node = self.at
        while node.parent and node.tag != tag:
            node = node.parent
        if node.parent:
            self.at = node.parent

    def handle_data(self, data):
        self.at.children.append(data)


def parse(html):
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root
