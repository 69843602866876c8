"""Settings of the documentation site: ``make site``. The sources are the repository's own pages, where they stand."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx

import elman

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "Elman"
author = "The Elman developers"
project_copyright = author
version = release = elman.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "adapters",
    "lessons",
]
root_doc = "docs/index"
include_patterns = [
    "*.md",
    "docs/*.md",
    "docs/api/*.rst",
    "docs/gallery/*.rst",
    "benchmarks/README.md",
    "cpp/kernels/README.md",
]
exclude_patterns = [".*", "build", "dist", "src", "tests*", "docs/gallery/sg_execution_times.rst"]
nitpicky = False  # types of arguments are words, such as "ndarray (T, N, D)"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
highlight_language = "none"  # a block without a language is a formula or the output of a command
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

# Docstrings put names between single backquotes; those that have an entry become links.
default_role = "py:obj"
numpydoc_show_class_members = False
autodoc_default_options = {"members": True, "inherited-members": "BaseEstimator,tuple,dict,Exception,object"}
autodoc_member_order = "groupwise"
autodoc_typehints = "none"
autodoc_preserve_defaults = True

sphinx_gallery_conf = {
    "examples_dirs": ["docs/notebooks"],
    "gallery_dirs": ["docs/gallery"],
    "filename_pattern": r"plot_\d",
    "abort_on_example_error": True,
    "within_subsection_order": "FileNameSortKey",
    "copyfile_regex": r".*_HEADER\.rst",
    "download_all_examples": False,
    "min_reported_time": 1_000_000,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "Elman"
html_static_path = ["static"]
html_css_files = ["elman.css"]
templates_path = ["templates"]
html_additional_pages = {"index": "start.html"}  # the first page is docs/index.html, where its source stands
html_sidebars = {"docs/index": [], "docs/lessons": []}  # those without neighbours
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navbar_persistent": ["search-button"],  # the one with a field has a label that differs from its text
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def skip_routing(app: Sphinx, what: str, name: str, value: object, skip: bool, options: object) -> bool | None:
    """Leave out the methods with which scikit-learn routes metadata: its documentation has them."""
    return True if str(getattr(value, "__module__", "")).startswith("sklearn.utils._metadata") else None


def setup(app: Sphinx) -> None:
    """Connect what the settings above cannot say."""
    app.connect("autodoc-skip-member", skip_routing)
