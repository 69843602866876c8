"""ES modules as one script: a page opened from disk cannot import files."""

from __future__ import annotations

import re
from collections.abc import Mapping

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.MULTILINE)
_WHOLE = re.compile(r'^import \* as (\w+) from "\./(\w+)\.js";\n', re.MULTILINE)
_COMMENT = re.compile(r"^ *(?://[^\n]*|/\*\*.*?\*/)\n", re.MULTILINE | re.DOTALL)
_INDENT = re.compile("^ +", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)


def bundle(modules: Mapping[str, str]) -> str:
    r"""Return modules as one script: each becomes an object of its exports, named as its file.

    Parameters
    ----------
    modules : mapping of str to str
        Source by name; each module after those that it imports.

    Returns
    -------
    str

    Examples
    --------
    >>> four = 'import { two } from "./two.js";\nexport const four = two * 2;\n'
    >>> print(bundle({"two": "export const two = 2;\n", "four": four}))
    const module_two = (() => {
    const two = 2;
    return { two };
    })();
    const module_four = (() => {
    const { two } = module_two;
    const four = two * 2;
    return { four };
    })();
    """
    return "\n".join(_object(name, source) for name, source in modules.items())


def _object(name: str, source: str) -> str:
    body, exports = _EXPORT.sub("", links(source)), ", ".join(_EXPORT.findall(source))
    return f"const module_{name} = (() => {{\n{body}return {{ {exports} }};\n}})();"


def links(source: str) -> str:
    """Return a script with its imports as constants."""
    source = _WHOLE.sub(lambda found: f"const {found[1]} = module_{found[2]};\n", source)
    return _IMPORT.sub(lambda found: f"const {{{found[1]}}} = module_{found[2]};\n", source)


def tight(source: str) -> str:
    r"""Return a script without the comments that have lines of their own, and without indentation.

    Examples
    --------
    >>> tight("/** Two. */\nfunction two() {\n  // as a number\n  return 2; // two\n}\n")
    'function two() {\nreturn 2; // two\n}\n'
    """
    return _INDENT.sub("", _COMMENT.sub("", source))
