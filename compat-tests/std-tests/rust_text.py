"""Rust source as text: where its comments, brackets, modules, items and tests are, and how to take some out."""
import re

CLOSE = {"{": "}", "(": ")", "[": "]"}


def mask(s):
    """The text with comments, strings and char literals blanked (same length, same lines)."""
    out, i, n = list(s), 0, len(s)

    def blank(a, b):
        for k in range(a, b):
            if out[k] != "\n":
                out[k] = " "
        return b

    while i < n:
        if s.startswith("//", i):
            j = s.find("\n", i)
            i = blank(i, n if j < 0 else j)
        elif s.startswith("/*", i):
            i = blank(i, _end_of_comment(s, i))
        elif s[i] == '"' or _starts_prefixed_string(s, i):
            i = blank(i, _end_of_string(s, i))
        elif s[i] == "'":
            m = re.match(r"'(\\(?:u\{[^}]*\}|x..|.)|[^\\'])'", s[i:i + 16])
            i = blank(i, i + m.end()) if m else i + 1      # else a lifetime
        else:
            i += 1
    return "".join(out)


def _end_of_comment(s, i):
    depth, j = 1, i + 2
    while depth:
        if s.startswith("/*", j):
            depth, j = depth + 1, j + 2
        elif s.startswith("*/", j):
            depth, j = depth - 1, j + 2
        else:
            j += 1
    return j


def _starts_prefixed_string(s, i):
    in_word = i > 0 and (s[i - 1].isalnum() or s[i - 1] == "_")
    return s[i] in "rbc" and not in_word and re.match(r'(?:b|c)?r#*"|[bc]"', s[i:i + 8])


def _end_of_string(s, i):
    m = re.match(r'[bc]?(r?)(#*)"', s[i:])
    raw, hashes, j = m.group(1), m.group(2), i + m.end()
    if raw:
        return s.index('"' + hashes, j) + 1 + len(hashes)
    while s[j] != '"':
        j += 2 if s[j] == "\\" else 1
    return j + 1


def match_close(m, i):
    """Position after the bracket that closes the one at m[i]."""
    open_ones = []
    for k in range(i, len(m)):
        c = m[k]
        if c in CLOSE:
            open_ones.append(CLOSE[c])
        elif c in "})]":
            assert open_ones and open_ones[-1] == c, (c, k)
            open_ones.pop()
            if not open_ones:
                return k + 1
    raise ValueError("unbalanced")


def _skip_space(m, i):
    while i < len(m) and m[i].isspace():
        i += 1
    return i


def item_start(s, m, pos):
    """Start of the item whose line holds pos: upwards over attributes and comments."""
    start = s.rfind("\n", 0, pos) + 1
    while start > 0:
        prev = s.rfind("\n", 0, start - 1) + 1
        line = s[prev:start].strip()
        code = m[prev:start].strip()
        if line.startswith("//") or (code.startswith("#[") and code.endswith("]")):
            start = prev
        elif code.endswith(")]") and not code.startswith("#!"):
            # The last line of an attribute over several lines.
            k = prev
            while k > 0:
                k = s.rfind("\n", 0, k - 1) + 1
                if m[k:].lstrip().startswith("#["):
                    break
                if not m[k:s.find("\n", k)].strip():
                    return start
            start = k
        else:
            break
    return start


def find_tests(s, attr=r"#\[test\]"):
    """[(start, end, path)] of the test functions, the path with the inline modules they are in."""
    m = mask(s)
    modules = [(x.start(), match_close(m, x.end() - 1), x.group(1)) for x in re.finditer(r"\bmod\s+(\w+)\s*\{", m)]
    tests = []
    for x in re.finditer(attr, m):
        p = _skip_space(m, x.end())
        while m.startswith("#[", p):
            p = _skip_space(m, match_close(m, p + 1))
        f = re.compile(r"(?:pub(?:\([^)]*\))?\s+)?fn\s+(\w+)").match(m, p)
        if not f:
            raise ValueError("no fn after #[test] near: " + s[x.start():x.start() + 120])
        end = match_close(m, m.index("{", f.end()))
        path = "::".join([name for a, b, name in modules if a < x.start() < b] + [f.group(1)])
        tests.append((item_start(s, m, x.start()), end, path))
    return tests


def cut(s, spans):
    """The text without these spans."""
    for a, b in sorted(spans, reverse=True):
        s = s[:a] + s[b:]
    return s


def drop_from_use(s, names):
    """The text with these names taken out of its `use` declarations."""
    m = mask(s)
    for x in reversed(list(re.finditer(r"(?<!\w)use\s[^;]*;", m))):
        use = s[x.start():x.end()]
        for n in names:
            use = re.sub(rf"\b{n}\b(?:\s+as\s+\w+)?\s*,?\s*(?=[\w}}])", "", use)   # in a list
            use = re.sub(rf",\s*{n}\s*}}", "}", use)
            if re.fullmatch(rf"use\s[\w:\s]*\b{n};", use):
                use = ""
        s = s[:x.start()] + use + s[x.end():]
    return s


def drop_items(s, headers):
    """The text without the items whose headers match."""
    for header in headers:
        m = mask(s)
        for x in reversed(list(re.finditer(header, m))):
            k = min(i for i in (m.find("{", x.start()), m.find(";", x.start())) if i >= 0)
            end = match_close(m, k) if m[k] == "{" else k + 1
            s = s[:item_start(s, m, x.start())] + s[end:]
    return s


def drop_benches(s):
    m = mask(s)
    spans = [(item_start(s, m, x.start()), match_close(m, m.index("{", x.end()))) for x in re.finditer(r"#\[bench\]", m)]
    return re.sub(r"^\s*use test::Bencher;\n", "", cut(s, spans), flags=re.M)
