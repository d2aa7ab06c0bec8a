#!/usr/bin/env python3
"""Makes the C++ source of the debug page out of its HTML, style and script.

usage: embed.py OUTPUT.cpp PAGE.html FILE.css... FILE.js...
In the HTML {{style}} and {{script}} stand where those belong, {{title}} and {{data}} for what the program
fills in. All scripts together, in their order, are one function. The policy (CSP) lets only that style and
that script in, by their hashes, whatever the data are.
"""

import base64
import hashlib
import pathlib
import re
import sys

DELIMITER = "page"


def raw_string(text):
    """A C++ literal, in pieces that every compiler takes."""
    assert f"){DELIMITER}\"" not in text, "ends the literal"
    pieces = [text[i : i + 8000] for i in range(0, len(text), 8000)]
    return "\n".join(f'R"{DELIMITER}({piece}){DELIMITER}"' for piece in pieces)


def hash_of(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def check(script, style):
    """What would end the element early, or mean something else in there."""
    for text, ends in ((script, ("</script", "<script", "<!--")), (style, ("</style",))):
        for end in ends:
            assert end not in text.lower(), f"{end} in the text"
        assert "\r" not in text, "a browser hashes line feeds alone"
        assert text.isascii(), "write other characters as escapes"


def main(output, html, *files):
    def read(suffix):
        return "\n".join(pathlib.Path(f).read_bytes().decode() for f in files if f.endswith(suffix))

    style = "\n" + read(".css")
    script = "\n'use strict';\n(() => {\n" + read(".js") + "})();\n"
    check(script, style)
    page = pathlib.Path(html).read_text(encoding="utf-8")
    page = page.replace("{{style}}", style).replace("{{script}}", script)
    parts = re.split(r"\{\{(?:title|data)\}\}", page)
    assert len(parts) == 3, "there is one {{title}}, and one {{data}} behind it"
    policy = "; ".join((
        "default-src 'none'", f"script-src {hash_of(script)}", f"style-src {hash_of(style)}",
        "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ))
    texts = ",\n".join(f"std::string_view({raw_string(part)})" for part in parts)
    pathlib.Path(output).write_text(f"""// Made by kit/debug/embed.py.
#include <kit/debug/detail/page_text.hpp>

namespace kit::debug::detail {{

const std::array<std::string_view, 3> page_text{{
{texts}}};
const std::string_view page_policy = {raw_string(policy)};

}}  // namespace kit::debug::detail
""", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
