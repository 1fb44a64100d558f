"""What the guides show is run, so that it stays true."""

import re

import pytest

from pages import ROOT, blocks, broken_links, names_database, run_page
from vecsmith import EmbedWarning

GUIDES = sorted((ROOT / "docs").glob("*.md"))
INDEX = ROOT / "docs" / "README.md"
CHECKED = {"python", "sh", "console", "json"}


def name(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", GUIDES, ids=name)
def test_what_a_guide_shows_is_so(path, page_folder, request):
    run_page(path, page_folder, request.getfixturevalue("database") if names_database(path) else None)


@pytest.mark.parametrize("path", GUIDES, ids=name)
def test_every_example_of_a_guide_is_of_a_kind_that_is_run(path):
    page = path.read_text(encoding="utf-8")
    assert {block.language for block in blocks(page)} <= CHECKED
    assert page.count("```") == 2 * len(blocks(page))


@pytest.mark.parametrize("path", [*GUIDES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=name)
def test_links_lead_somewhere(path):
    assert broken_links(path) == []


def test_the_index_names_every_guide():
    linked = re.findall(r"\]\(([\w-]+\.md)\)", INDEX.read_text(encoding="utf-8"))
    assert sorted(linked) == [path.name for path in GUIDES if path != INDEX]


@pytest.mark.parametrize(
    "page",
    [
        "```python\n1 + 1  # → 3\n```",
        "```python\n[0.5, 0.25]  # → [0.5, 0.35]\n```",
        "```python\n1 + 1  # -→ 2\n```",
        "```python\nfor _ in range(2):\n    1 + 1  # → 2\n    pass\n```",
        '```python\nimport vecsmith\nvecsmith.embed("a", dimensions=8)\n```',
        '```python\nimport vecsmith\nvecsmith.embed("a")  # raises InputError: no\n```',
        "```python\nimport vecsmith\nvecsmith.embed(7)  # raises InputError: no\n```",
        '```python\nimport vecsmith\nvecsmith.embed("a")  # warns of something\n```',
        "```sh\nvecsmith embed a --dimensions 1000\n```",
        "```sh\nvecsmith embed a  # exit code 3\n```",
        "```console\n$ vecsmith embed a --format hex\n00\n```",
    ],
)
def test_a_page_that_shows_what_is_not_so_is_found(page, page_folder):
    path = page_folder / "page.md"
    path.write_text(page, encoding="utf-8")
    with pytest.raises((AssertionError, pytest.fail.Exception, EmbedWarning)):
        run_page(path, page_folder)


def test_a_picture_that_no_example_draws_is_found(page_folder):
    path = page_folder / "page.md"
    path.write_text("![Scores](pictures/scores.png)", encoding="utf-8")
    with pytest.raises(AssertionError, match="no example draws it"):
        run_page(path, page_folder)


def test_an_example_finds_an_empty_database_where_the_page_says_it_is(page_folder, database):
    path = page_folder / "page.md"
    code = "import psycopg\nwith psycopg.connect('postgresql://localhost/shop') as connection:\n"
    asked = "    tables = connection.execute('SELECT count(*) FROM pg_stat_user_tables').fetchone()"
    path.write_text(f"```python\n{code}{asked}\ntables  # → (0,)\n```", encoding="utf-8")
    assert names_database(path)
    run_page(path, page_folder, database)


def test_links_that_lead_nowhere_are_found(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("# A Heading\n[a](#a-heading) [b](#other) [c](page.md) [d](gone.md) [e](https://example.org)")
    assert broken_links(path) == ["#other", "gone.md"]
