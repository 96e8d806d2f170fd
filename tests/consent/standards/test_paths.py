"""Groups and patterns of robots.txt (RFC 9309, 2.2)."""

import pytest

from tomeishi.consent.standards.paths import longest_matches, matches, path_of, rules_for


@pytest.mark.parametrize(
    ("pattern", "path", "covers"),
    [
        ("", "/", True),
        ("/", "/a", True),
        ("/a", "/ab", True),
        ("/a/", "/ab", False),
        ("/a$", "/a", True),
        ("/a$", "/ab", False),
        ("*.jpg$", "/a/b.jpg", True),
        ("*.jpg$", "/a/b.jpg?x", False),
        ("/this/*/then", "/this/way/then/on", True),
        ("/this/*/then", "/this/then", False),
        ("/*a*b$", "/xaxb", True),
        ("/a*a$", "/a", False),
        ("/%e3%81%82", "/あ", True),
        ("/%7Eu", "/~u", True),
        ("/a%2Fb", "/a/b", False),
        ("/foo-%24", "/foo-$", False),
    ],
)
def test_a_pattern_covers_what_the_standard_says(pattern: str, path: str, covers: bool) -> None:
    assert matches(pattern, path) is covers


def test_the_pattern_with_the_most_octets_counts() -> None:
    assert longest_matches(["/", "/a/", "/a/b", "/c"], "/a/bc") == ("/a/b",)


def test_equally_long_patterns_count_together() -> None:
    assert longest_matches(["/a*", "/ab", "/"], "/ab") == ("/a*", "/ab")


def test_an_address_is_asked_about_by_its_path() -> None:
    assert path_of("https://hoshikawa.example/a?b=c") == "/a?b=c"
    assert path_of("https://hoshikawa.example") == "/"
    assert path_of("https://hoshikawa.example?b") == "/?b"
    assert path_of("http://[") == "/"
    assert path_of("/a") == "/a"


ROBOTS = """
Sitemap: /map.xml
User-agent: one
User-agent: Two/2.0
Disallow: /x # why

user-agent : *
disallow : /y
User-agent: one
Disallow: /z
"""


def test_all_groups_that_name_a_crawler_apply_and_no_other() -> None:
    found = rules_for(ROBOTS, "ONE")
    assert (found.group, [rule.value for rule in found.rules]) == ("one", ["/x", "/z"])


def test_a_product_token_ends_where_its_version_begins() -> None:
    assert [rule.value for rule in rules_for(ROBOTS, "two").rules] == ["/x"]


def test_others_get_the_group_for_all() -> None:
    assert [rule.value for rule in rules_for(ROBOTS, "three").rules] == ["/y"]
    assert [rule.value for rule in rules_for(ROBOTS, None).rules] == ["/y"]


def test_without_a_group_nothing_applies() -> None:
    found = rules_for("Disallow: /\n", None)
    assert found.group is None
    assert [rule.value for rule in found.site_wide] == ["/"]
