"""Make what is made from the code, in docs, client and Node-RED's package: `python -m reference`."""

from __future__ import annotations

from pathlib import Path

import click

from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from reference.client_verbs import client_verbs, formatted, verb_roles
from reference.contract import DOCS, contract_files
from reference.errors import error_page
from reference.index import index
from reference.markdown import page_name
from reference.node_red import PLACE as NODE_RED
from reference.node_red import verbs_file
from reference.page import page
from reference.site_pages import site_pages

CLIENT_VERBS = Path(__file__).resolve().parents[1] / "macnet_bridge" / "client" / "verbs.py"
VERB_ROLES = CLIENT_VERBS.with_name("verb_roles.py")
ERRORS = Path(__file__).resolve().parents[1] / "docs" / "errors.md"
FOLDER = Path(__file__).resolve().parents[1] / "docs" / "macnet"


def pages() -> dict[str, str]:
    """All pages by the names of their files."""
    return {"README.md": index()} | {page_name(row.number): page(row) for row in FUNCTIONS.values()}


@click.command()
def main() -> None:
    """Write docs/macnet, the site's pages, the contract's files and the verbs of client and Node-RED anew."""
    # Here, since tests that need no Griffe import this module, too.
    from reference.python_api import api_pages

    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for stale in set(FOLDER.glob("*.md")) - {FOLDER / name for name in made}:
        stale.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, "utf-8", newline="\n")
    CLIENT_VERBS.write_text(formatted(client_verbs()), "utf-8", newline="\n")
    VERB_ROLES.write_text(formatted(verb_roles()), "utf-8", newline="\n")
    ERRORS.write_text(error_page(), "utf-8", newline="\n")
    NODE_RED.write_text(verbs_file(), "utf-8", newline="\n")
    for name, text in (contract_files() | site_pages() | api_pages()).items():
        (DOCS / name).write_text(text, "utf-8", newline="\n")
    click.echo(f"{len(made)} pages in {FOLDER}")


if __name__ == "__main__":
    main()
