"""Hook of the site: pages from files that lie elsewhere in the repository, and links that work on both.

`README.md`, `ARCHITECTURE.md` and others stay at the root of the repository, where people look for
them, and the metric cards stay beside their metrics; the site shows them all. Links between pages are
rewritten; a link to a file that is not a page, such as a module, keeps its text only.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
PAGES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    **{
        f"younger_hf/metrics/{task}/README.md": f"metrics/{task}.md"
        for task in ("operator", "dataflow", "generation", "prediction")
    },
}
"""Page of the site by its file in the repository."""
LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)#\s:]+)(?P<anchor>#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside `docs/`."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite links from paths in the repository to paths on the site."""
    here = page.file.src_uri
    source = next((source for source, name in PAGES.items() if name == here), f"docs/{here}")

    def rewrite(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match["target"]))
        if path == "docs/decisions":
            path = "docs/decisions/index.md"
        if path.startswith("docs/") or path in PAGES:
            target = posixpath.relpath(PAGES.get(path, path.removeprefix("docs/")), posixpath.dirname(here) or ".")
            return f"{match['image']}[{match['text']}]({target}{match['anchor'] or ''})"
        if (ROOT / path).exists():
            return match["text"]
        return match[0]  # a broken link, which MkDocs reports

    return LINK.sub(rewrite, markdown)
